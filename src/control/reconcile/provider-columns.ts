// Which column of a provider's export says what: the headers of OpenAI's and Anthropic's, and what others call the same.

/** What can be compared. Output is with reasoning, requests are those that reached the provider. */
export const figureNames = ["inputTokens", "cachedInputTokens", "cacheWriteTokens", "outputTokens", "requests", "cost"] as const;
export type FigureName = (typeof figureNames)[number];
export const tokenFigures = ["inputTokens", "cachedInputTokens", "cacheWriteTokens", "outputTokens"] as const;

export interface ProviderColumns {
  /** Places among the cells. */
  time: number;
  model: number;
  /** A cost export of OpenAI names what a line is for, e.g. `gpt-4o, input`. */
  isLineItem: boolean;
  currency: number | null;
  /** Added up where there are several. Missing: not in the file. */
  figures: ReadonlyMap<FigureName, readonly number[]>;
  /** Whether what `inputTokens` has contains the cached tokens, as OpenAI counts. */
  isInputWithCached: boolean;
  /** Names of columns that nothing is read from. */
  unused: readonly string[];
}

/** The columns are not those of a usage or cost export. */
export class UnknownColumns extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UnknownColumns";
  }
}

const times = [
  ...["start_time_iso", "usage_date_utc", "date_utc", "date", "day", "usage_date", "datetime", "date_time", "timestamp", "time"],
  ...["starting_at", "started_at", "bucket", "bucket_start_time", "start_time", "start", "created_at", "created"],
];
const models = ["model", "model_version", "model_id", "model_name", "upstream_model", "snapshot_id", "line_item"];
const currencies = ["amount_currency", "currency"];

/** The first group of which a file has a column is the one: later names in some files are parts of what earlier ones have. */
const figures: Readonly<Record<FigureName, readonly (readonly string[])[]>> = {
  inputTokens: [
    ["usage_input_tokens_no_cache", "uncached_input_tokens", "input_uncached_tokens", "input_tokens_no_cache"],
    ["input_tokens", "input", "prompt_tokens", "n_context_tokens_total"],
  ],
  cachedInputTokens: [
    ["input_cached_tokens", "cached_input_tokens", "usage_input_tokens_cache_read", "cache_read_input_tokens", "cached_tokens"],
    ["cache_read_tokens", "cache_read", "cached", "cached_input", "n_cached_context_tokens_total"],
  ],
  cacheWriteTokens: [
    [
      ...["usage_input_tokens_cache_write_5m", "usage_input_tokens_cache_write_1h", "usage_input_tokens_cache_write"],
      ...["cache_creation_ephemeral_5m_input_tokens", "cache_creation_ephemeral_1h_input_tokens"],
    ],
    ["cache_creation_input_tokens", "cache_write_tokens", "cache_write_input_tokens", "cache_creation_tokens"],
    ["cache_write", "cache_creation"],
  ],
  outputTokens: [
    ["output_tokens", "usage_output_tokens", "output", "completion_tokens", "n_generated_tokens_total", "generated_tokens"],
  ],
  requests: [["num_model_requests", "requests", "num_requests", "n_requests", "request_count", "calls"]],
  cost: [["cost_usd", "amount_value", "cost", "total_cost", "total_cost_usd", "amount", "amount_usd"]],
};

/** In these files alone `input_tokens` is without what was cached: they have a name of their own for that share. */
const namesOfSharesApart = ["cached_input_tokens", "cache_read_input_tokens", "cache_read_tokens", "cached"];
const uncachedNames = new Set(figures.inputTokens[0]);

/** Reads the names of the columns, whatever their case and what stands between their words. Throws UnknownColumns. */
export function providerColumns(header: readonly string[]): ProviderColumns {
  const names = header.map(normalised);
  const first = (wanted: readonly string[]) => {
    const name = wanted.find((each) => names.includes(each));
    return name === undefined ? null : names.indexOf(name);
  };
  const [time, model, currency] = [first(times), first(models), first(currencies)];
  const found = new Map<FigureName, readonly number[]>();
  for (const figure of figureNames) {
    const group = figures[figure].find((wanted) => names.some((name) => wanted.includes(name)));
    if (group === undefined) continue;
    // Several names of one thing are parts of it only where a provider has parts of it: cache writes.
    const places = [...names.keys()].filter((place) => group.includes(names[place] as string));
    found.set(figure, figure === "cacheWriteTokens" ? places : places.slice(0, 1));
  }
  const missing = [
    time === null && "a date or time",
    model === null && "a model",
    found.size === 0 && "tokens, requests or cost",
  ];
  const lacking = missing.filter((what) => what !== false);
  if (time === null || model === null || lacking.length > 0) {
    throw new UnknownColumns(`no column is known to have ${lacking.join(" or ")}; the columns are: ${header.join(", ")}`);
  }
  const used = new Set([time, model, currency, ...[...found.values()].flat()]);
  const inputName = names[found.get("inputTokens")?.[0] ?? -1];
  const isApart =
    inputName !== undefined && (uncachedNames.has(inputName) || names.some((name) => namesOfSharesApart.includes(name)));
  return {
    time,
    model,
    isLineItem: names[model] === "line_item",
    currency,
    figures: found,
    isInputWithCached: !isApart,
    unused: header.filter((name, place) => !used.has(place) && name.trim() !== ""),
  };
}

/** "Input tokens" and "input-tokens" are input_tokens, "Cost (USD)" is cost_usd. */
function normalised(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_|_$/g, "");
}
