// How clients are set up to call a model through Headgate, ready to be pasted.

export interface SnippetOptions {
  /** Where Headgate is for callers, without "/v1" and slash. */
  gatewayUrl: string;
  model: string;
  /** Null: each snippet reads the environment variable HEADGATE_API_KEY. */
  key: string | null;
}

export type Language = "shell" | "python" | "typescript" | "toml";

export interface SnippetFile {
  /** Where it goes: "Terminal", "~/.codex/config.toml". */
  name: string;
  language: Language;
  code: string;
}

export interface Snippet {
  id: string;
  label: string;
  /** The API that an endpoint of the model has to speak. */
  api: "chat completions" | "messages" | "responses";
  files: readonly SnippetFile[];
}

const keyVariable = "HEADGATE_API_KEY";
const greeting = "Hello!";

/** All clients, the simplest first. */
export function snippetsOf(options: SnippetOptions): readonly Snippet[] {
  return [curl, openaiPython, openaiTypescript, anthropicPython, anthropicTypescript, claudeCode, codex].map((of) => of(options));
}

/** One word of a POSIX shell, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text literal that JSON, Python, TypeScript and TOML read alike. */
const literal = (text: string) => JSON.stringify(text).replaceAll("\u007f", "\\u007f");

const keyInShell = (key: string | null) => (key === null ? `"$${keyVariable}"` : shellWord(key));
const keyInPython = (key: string | null) => (key === null ? `os.environ["${keyVariable}"]` : literal(key));
const keyInTypescript = (key: string | null) => (key === null ? `process.env.${keyVariable}` : literal(key));
const pythonImports = (key: string | null) => (key === null ? "import os\n\n" : "");

/** A call with a body of the caller's own; also how the playground shows what it sends. */
export function curlOf({ gatewayUrl, key }: Pick<SnippetOptions, "gatewayUrl" | "key">, body: unknown): string {
  const bearer = key === null ? `"authorization: Bearer $${keyVariable}"` : shellWord(`authorization: Bearer ${key}`);
  return `curl ${shellWord(`${gatewayUrl}/v1/chat/completions`)} \\
  -H ${bearer} \\
  -H 'content-type: application/json' \\
  -d ${shellWord(JSON.stringify(body, null, 2))}`;
}

function curl(options: SnippetOptions): Snippet {
  const body = { model: options.model, messages: [{ role: "user", content: greeting }] };
  return {
    id: "curl",
    label: "curl",
    api: "chat completions",
    files: [{ name: "Terminal", language: "shell", code: curlOf(options, body) }],
  };
}

function openaiPython({ gatewayUrl, model, key }: SnippetOptions): Snippet {
  const code = `# pip install openai
${pythonImports(key)}from openai import OpenAI

client = OpenAI(base_url=${literal(`${gatewayUrl}/v1`)}, api_key=${keyInPython(key)})
completion = client.chat.completions.create(
    model=${literal(model)},
    messages=[{"role": "user", "content": "${greeting}"}],
)
print(completion.choices[0].message.content)`;
  return {
    id: "openai-python",
    label: "OpenAI, Python",
    api: "chat completions",
    files: [{ name: "Python", language: "python", code }],
  };
}

function openaiTypescript({ gatewayUrl, model, key }: SnippetOptions): Snippet {
  const code = `// npm install openai
import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${literal(`${gatewayUrl}/v1`)}, apiKey: ${keyInTypescript(key)} });
const completion = await client.chat.completions.create({
  model: ${literal(model)},
  messages: [{ role: "user", content: "${greeting}" }],
});
console.log(completion.choices[0]?.message.content);`;
  return {
    id: "openai-typescript",
    label: "OpenAI, TypeScript",
    api: "chat completions",
    files: [{ name: "TypeScript", language: "typescript", code }],
  };
}

function anthropicPython({ gatewayUrl, model, key }: SnippetOptions): Snippet {
  const code = `# pip install anthropic
${pythonImports(key)}from anthropic import Anthropic

client = Anthropic(base_url=${literal(gatewayUrl)}, api_key=${keyInPython(key)})
message = client.messages.create(
    model=${literal(model)},
    max_tokens=1024,
    messages=[{"role": "user", "content": "${greeting}"}],
)
print(message.content[0].text)`;
  return {
    id: "anthropic-python",
    label: "Anthropic, Python",
    api: "messages",
    files: [{ name: "Python", language: "python", code }],
  };
}

function anthropicTypescript({ gatewayUrl, model, key }: SnippetOptions): Snippet {
  const code = `// npm install @anthropic-ai/sdk
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: ${literal(gatewayUrl)}, apiKey: ${keyInTypescript(key)} });
const message = await client.messages.create({
  model: ${literal(model)},
  max_tokens: 1024,
  messages: [{ role: "user", content: "${greeting}" }],
});
console.log(message.content);`;
  return {
    id: "anthropic-typescript",
    label: "Anthropic, TypeScript",
    api: "messages",
    files: [{ name: "TypeScript", language: "typescript", code }],
  };
}

/** Its small tasks in the background go to a model of their own, which a key for this one alone could not call. */
function claudeCode({ gatewayUrl, model, key }: SnippetOptions): Snippet {
  const code = `export ANTHROPIC_BASE_URL=${shellWord(gatewayUrl)}
export ANTHROPIC_AUTH_TOKEN=${keyInShell(key)}
export ANTHROPIC_MODEL=${shellWord(model)}
export ANTHROPIC_DEFAULT_HAIKU_MODEL=${shellWord(model)}
unset ANTHROPIC_API_KEY
claude`;
  return { id: "claude-code", label: "Claude Code", api: "messages", files: [{ name: "Terminal", language: "shell", code }] };
}

function codex({ gatewayUrl, model, key }: SnippetOptions): Snippet {
  const config = `model = ${literal(model)}
model_provider = "headgate"

[model_providers.headgate]
name = "Headgate"
base_url = ${literal(`${gatewayUrl}/v1`)}
env_key = "${keyVariable}"
wire_api = "responses"`;
  const start = key === null ? "codex" : `export ${keyVariable}=${shellWord(key)}\ncodex`;
  return {
    id: "codex",
    label: "Codex",
    api: "responses",
    files: [
      { name: "~/.codex/config.toml", language: "toml", code: config },
      { name: "Terminal", language: "shell", code: start },
    ],
  };
}
