// Every snippet is what its language can read, whatever the model is called, and carries the key, the model and the URL.
import { execFileSync, spawnSync } from "node:child_process";
import { Script } from "node:vm";
import { describe, expect, it } from "vitest";
import { curlOf, type Language, shellWord, snippetsOf } from "./snippets.ts";

const gatewayUrl = "https://models.example.org/below";
const key = "sk-hg-0123456789abcdef";
const names = ["llama-3.1-70b", "meta/llama 3", `it's "quoted" $HOME \`id\` \\ back`, "naïve-模型-🙂"];
const cases = names.flatMap((model) => [
  { model, key },
  { model, key: null },
]);

const shellOf = (code: string, then: string) =>
  execFileSync("bash", ["-c", `${code}\n${then}`], {
    encoding: "utf8",
    env: { PATH: process.env.PATH, HEADGATE_API_KEY: "from the environment" },
  });

const hasPython = spawnSync("python3", ["--version"]).status === 0;

/** Each throws when a text is not what its language takes. */
const check: Record<Language, (codes: readonly string[]) => void> = {
  shell: (codes) => {
    for (const code of codes) execFileSync("bash", ["-n", "-c", code]);
  },
  python: (codes) => {
    const parse = "import ast, json, sys\nfor code in json.load(sys.stdin): ast.parse(code)";
    if (hasPython) execFileSync("python3", ["-c", parse], { input: JSON.stringify(codes) });
  },
  // Without a type in them they are JavaScript too; an import can't stand in a function, which `await` needs.
  typescript: (codes) => {
    for (const code of codes) new Script(`async () => {${code.replace(/^import \w+ from "[\w@/-]+";$/m, "")}}`);
  },
  toml: (codes) => {
    for (const line of codes.flatMap((code) => code.split("\n")).filter((text) => text !== "")) {
      if (/^\[[\w.]+\]$/.test(line)) continue;
      const [, value] = /^\w+ = (".*")$/.exec(line) ?? [];
      if (value === undefined) throw new Error(`not a line of TOML: ${line}`);
      JSON.parse(value);
    }
  },
};

describe("snippets", () => {
  it.each(cases)("are well formed for $model with key $key", ({ model, key: given }) => {
    const files = snippetsOf({ gatewayUrl, model, key: given }).flatMap((snippet) => snippet.files);
    for (const language of Object.keys(check) as Language[]) {
      const codes = files.filter((file) => file.language === language).map(({ code }) => code);
      expect(codes.length, language).toBeGreaterThan(0);
      check[language](codes);
    }
  });

  it.each(cases)("send the model and the key as they are ($model, $key)", ({ model, key: given }) => {
    const curl = curlOf({ gatewayUrl, key: given }, { model, messages: [] });
    const sent = shellOf(`curl() { printf '%s\\0' "$@"; }\n${curl}`, "").split("\0");
    expect(sent[0]).toBe(`${gatewayUrl}/v1/chat/completions`);
    expect(sent).toContain(`authorization: Bearer ${given ?? "from the environment"}`);
    expect(JSON.parse(sent[sent.indexOf("-d") + 1] as string)).toEqual({ model, messages: [] });

    const claude = snippetsOf({ gatewayUrl, model, key: given }).find(({ id }) => id === "claude-code")?.files[0]?.code ?? "";
    const then = 'printf "%s\\0" "$ANTHROPIC_BASE_URL" "$ANTHROPIC_AUTH_TOKEN" "$ANTHROPIC_MODEL"';
    const set = shellOf(`claude() { :; }\n${claude}`, then).split("\0");
    expect(set.slice(0, 3)).toEqual([gatewayUrl, given ?? "from the environment", model]);
  });

  it("say the base URL as each client wants it: OpenAI's with /v1, Anthropic's without", () => {
    const codeOf = (id: string) => snippetsOf({ gatewayUrl, model: "m", key }).find((one) => one.id === id)?.files[0]?.code;
    for (const id of ["openai-python", "openai-typescript", "codex"]) expect(codeOf(id)).toContain(`"${gatewayUrl}/v1"`);
    for (const id of ["anthropic-python", "anthropic-typescript"]) expect(codeOf(id)).toContain(`"${gatewayUrl}"`);
  });

  it("hold the key only when there is one", () => {
    const textOf = (given: string | null) => JSON.stringify(snippetsOf({ gatewayUrl, model: "m", key: given }));
    expect(textOf(null)).toContain("HEADGATE_API_KEY");
    for (const { files } of snippetsOf({ gatewayUrl, model: "m", key })) {
      expect(files.map(({ code }) => code).join("\n")).toContain(key);
    }
  });

  it("quote a word for the shell only where it needs it", () => {
    expect(shellWord("meta/llama-3.1:8b")).toBe("meta/llama-3.1:8b");
    expect(shellWord("a b")).toBe("'a b'");
    expect(shellWord("")).toBe("''");
  });
});
