// Well-known providers and servers: what the guided add fills in for each.
import type { Dialect } from "../../../src/domain/dialect.ts";

export interface ProviderPreset {
  id: string;
  label: string;
  /** Null: as the URL's host says, which for these is `openai`. */
  dialect: Exclude<Dialect, "openai"> | null;
  /** Filled in; null where everybody has another one. */
  url: string | null;
  /** Shown in the empty field. */
  exampleUrl: string;
  needsKey: "yes" | "no" | "maybe";
  query?: string;
  hint: string;
}

export const providerPresets: readonly ProviderPreset[] = [
  {
    id: "openai",
    label: "OpenAI",
    dialect: null,
    url: "https://api.openai.com/v1",
    exampleUrl: "https://api.openai.com/v1",
    needsKey: "yes",
    hint: "An API key of a project, from platform.openai.com.",
  },
  {
    id: "anthropic",
    label: "Anthropic",
    dialect: "anthropic",
    url: "https://api.anthropic.com",
    exampleUrl: "https://api.anthropic.com",
    needsKey: "yes",
    hint: "An API key from console.anthropic.com. Spoken to in Anthropic's own format.",
  },
  {
    id: "gemini",
    label: "Google Gemini",
    dialect: "gemini",
    url: "https://generativelanguage.googleapis.com",
    exampleUrl: "https://generativelanguage.googleapis.com",
    needsKey: "yes",
    hint: "An API key from Google AI Studio. Spoken to in Gemini's own format.",
  },
  {
    id: "azure",
    label: "Azure OpenAI",
    dialect: "azure",
    url: null,
    exampleUrl: "https://my-resource.openai.azure.com/openai/deployments/my-deployment",
    needsKey: "yes",
    query: "api-version=2024-10-21",
    hint: "The URL of one deployment, and a key of its resource. The API version is in the query, under “Advanced”.",
  },
  {
    id: "vllm",
    label: "vLLM",
    dialect: null,
    url: null,
    exampleUrl: "http://gpu-host:8000/v1",
    needsKey: "maybe",
    hint: "A key only if vLLM was started with --api-key.",
  },
  {
    id: "ollama",
    label: "Ollama",
    dialect: null,
    url: "http://localhost:11434/v1",
    exampleUrl: "http://localhost:11434/v1",
    needsKey: "no",
    hint: "On another machine, Ollama listens only when OLLAMA_HOST is set there.",
  },
  {
    id: "together",
    label: "Together",
    dialect: null,
    url: "https://api.together.xyz/v1",
    exampleUrl: "https://api.together.xyz/v1",
    needsKey: "yes",
    hint: "An API key from the settings at together.ai.",
  },
  {
    id: "groq",
    label: "Groq",
    dialect: null,
    url: "https://api.groq.com/openai/v1",
    exampleUrl: "https://api.groq.com/openai/v1",
    needsKey: "yes",
    hint: "An API key from console.groq.com.",
  },
  {
    id: "mistral",
    label: "Mistral",
    dialect: null,
    url: "https://api.mistral.ai/v1",
    exampleUrl: "https://api.mistral.ai/v1",
    needsKey: "yes",
    hint: "An API key from console.mistral.ai.",
  },
  {
    id: "openrouter",
    label: "OpenRouter",
    dialect: null,
    url: "https://openrouter.ai/api/v1",
    exampleUrl: "https://openrouter.ai/api/v1",
    needsKey: "yes",
    hint: "Lists several hundred models: you may want to choose some of them.",
  },
  {
    id: "lm-studio",
    label: "LM Studio",
    dialect: null,
    url: "http://localhost:1234/v1",
    exampleUrl: "http://localhost:1234/v1",
    needsKey: "no",
    hint: "Start its local server first.",
  },
  {
    id: "other",
    label: "Other OpenAI-compatible",
    dialect: null,
    url: null,
    exampleUrl: "https://models.example.org/v1",
    needsKey: "maybe",
    hint: "Anything that answers GET /v1/models and POST /v1/chat/completions.",
  },
];
