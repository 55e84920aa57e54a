// What a scripted provider says when nothing is scripted: its models, its text, its usage. Tests change the fields at will.

/** Which provider's list of models is imitated at `GET …/models`. */
export type ListShape = "openai" | "bare_array" | "anthropic" | "gemini" | "azure";

/** Tokens that every answer reports, in disjoint classes; each dialect adds them up its own way. */
export interface ProviderUsage {
  inputTokens: number;
  cachedInputTokens: number;
  /** Only Anthropic reports these; OpenAI's shapes count them as plain input. */
  cacheWriteTokens: number;
  outputTokens: number;
  reasoningTokens: number;
}

export interface ProviderSettings {
  /** Ids at `GET …/models`. Calls are answered for any model, listed or not, unless `knownModelsOnly`. */
  models: string[];
  listShape: ListShape;
  /** Most entries on a page of the Anthropic and Gemini lists, whatever the caller asks for. */
  pageSize: number;
  /** List only `{"id"}` per model, without `object`, `created`, `owned_by`. */
  bareEntries: boolean;
  /** Paths that are not below one of these get 404. "" answers everything. */
  basePaths: string[];
  /** When set, requests that don't carry this credential in a usual header get 401. */
  requireKey: string | null;
  /** 404 for models that are not in `models`. */
  knownModelsOnly: boolean;
  /** The answer, streamed a word at a time. */
  text: string;
  /** The arguments of every tool call. */
  toolArguments: Record<string, unknown>;
  usage: ProviderUsage;
  /** What the last usage of an Anthropic stream repeats: all classes, or the output tokens alone. */
  deltaUsage: "cumulative" | "output_only";
  /** False: answers carry no usage at all, as small servers do. */
  reportsUsage: boolean;
}

export const defaultSettings = (): ProviderSettings => ({
  models: ["test-model", "test-embedding"],
  listShape: "openai",
  pageSize: 1000,
  bareEntries: false,
  basePaths: ["/v1", "/v1beta", "/openai"],
  requireKey: null,
  knownModelsOnly: false,
  text: "Hello from the scripted provider.",
  toolArguments: { city: "Paris" },
  usage: { inputTokens: 11, cachedInputTokens: 0, cacheWriteTokens: 0, outputTokens: 7, reasoningTokens: 0 },
  deltaUsage: "cumulative",
  reportsUsage: true,
});

/** The words of `text`, each with the space before it; together they are exactly `text`. */
export function pieces(text: string): string[] {
  return text.match(/\s*\S+\s*$|\s*\S+/g) ?? [text];
}
