// Holds Headgate's books against the providers': every difference is a problem, said in words.
import type { TokenUsage } from "../../../src/core/tokens.ts";
import type { LooseJson } from "../loose-json.ts";
import { estimatedInputTokens, modelOf, type TallyCall, usageOf, word, wordsSeen } from "./tally-call.ts";
import type { Books, Done } from "./tally-provider.ts";

/** Dollars per million tokens. */
export interface TallyPrice {
  input: number;
  cached: number;
  cacheWrite: number;
  output: number;
}

export interface Sum {
  requests: number;
  input_tokens: number;
  cached_input_tokens: number;
  cache_write_tokens: number;
  output_tokens: number;
  reasoning_tokens: number;
  /** Nano-dollars. */
  cost: bigint;
}

const nothing: TokenUsage = {
  inputTokens: 0,
  cachedInputTokens: 0,
  cacheWriteTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
};
/** Of an attempt that was never finished. */
const unfinished: TokenUsage = { ...nothing, inputTokens: estimatedInputTokens };
/** Of a stream of which words were seen, but no usage. */
const begun: TokenUsage = { ...unfinished, outputTokens: Math.ceil(word.repeat(wordsSeen).trim().length / 4) };

/**
 * What the providers' books say that the ledger must hold, by model; and what does not fit. `rows`: all of `GET /requests`. Calls that a killed
 * replica cut have rows that say so (interrupted), with the estimate; or rows that are whole, when the answer was; which of the two is
 * the ledger's word, everything else is the books'.
 */
export function tallyOf(
  rows: readonly LooseJson[],
  calls: readonly TallyCall[],
  books: Books,
  priceOf: (model: string) => TallyPrice,
): { sums: Map<string, Sum>; problems: string[]; interrupted: number } {
  const problems: string[] = [];
  const sums = new Map<string, Sum>();
  const callByRequest = new Map(calls.flatMap((call) => (call.requestId === null ? [] : [[call.requestId, call] as const])));
  const unclaimed = new Set(calls.filter((call) => call.requestId === null));
  const seenIds = new Set<string>();
  let interrupted = 0;
  for (const row of rows) {
    if (seenIds.has(row.id)) problems.push(`request ${row.id} is there twice`);
    seenIds.add(row.id);
    const call = callByRequest.get(row.id) ?? unclaimedCall(row, unclaimed, books);
    if (call === undefined) {
      const attempts = row.attempts.map(({ status, error, state, tokens }: LooseJson) => [
        status,
        error,
        state,
        tokens.input_tokens,
      ]);
      problems.push(`request ${row.id} (${row.model}, ${row.state}) is nobody's: ${JSON.stringify(attempts)}`);
      continue;
    }
    const sum = sumOf(sums, modelOf(call.kind));
    sum.requests++;
    let attempts = 0;
    for (const attempt of row.attempts as LooseJson[]) {
      if (attempt.state === "interrupted") interrupted++;
      // Its connection was gone: no provider has seen it, but Headgate can't know that.
      const isUnseen = attempt.error === "upstream_unreachable";
      const done = isUnseen ? undefined : books.arrivals.get(call.number)?.[attempts++];
      const usage = isUnseen && attempt.usage_source === "estimated" ? unfinished : expectedUsage(attempt, call, done);
      add(sum, usage, priceOf(modelOf(call.kind)));
    }
    const arrived = books.arrivals.get(call.number)?.length ?? 0;
    // A replica killed between its record and its request has one attempt more.
    const isCut = row.state === "interrupted" || row.attempts.some((one: LooseJson) => one.state === "interrupted");
    if (attempts !== arrived && !(isCut && attempts === arrived + 1))
      problems.push(`call ${call.number} (${call.kind}): ${attempts} attempts in the ledger, ${arrived} at the providers`);
    if (call.isComplete && row.state !== "settled") problems.push(`call ${call.number} was received whole, but is ${row.state}`);
  }
  for (const call of callByRequest.values())
    if (!seenIds.has(call.requestId as string)) problems.push(`call ${call.number} (${call.kind}) has no row`);
  for (const call of unclaimed)
    if (books.arrivals.has(call.number)) problems.push(`call ${call.number} (${call.kind}) reached a provider and has no row`);
  return { sums, problems, interrupted };
}

/** A row without an answer that anyone got belongs to a call that was cut before its head: by its tokens, or else to one that came as far as the row says. */
function unclaimedCall(row: LooseJson, unclaimed: Set<TallyCall>, books: Books): TallyCall | undefined {
  const { input_tokens: input } = row.tokens as LooseJson;
  const own = [...unclaimed].filter(({ kind }) => modelOf(kind) === row.model);
  const arrivals = ({ number }: TallyCall) => books.arrivals.get(number)?.length ?? 0;
  const found =
    // Of a pair, the one that was given up has its estimate.
    own.find(({ number, kind }) => [0, estimatedInputTokens].includes(input - usageOf(number, kind).inputTokens)) ??
    own.find((call) => arrivals(call) === row.attempts.length) ??
    own.find((call) => arrivals(call) > 0) ??
    own[0];
  if (found !== undefined) unclaimed.delete(found);
  return found;
}

function expectedUsage(attempt: LooseJson, { number, kind }: TallyCall, done: Done | undefined): TokenUsage {
  if (attempt.state === "interrupted") return unfinished;
  if (attempt.error === "hedge_lost") return unfinished;
  if (done === "answered") return attempt.error === "client_disconnected" ? unfinished : usageOf(number, kind);
  return done === "begun" ? begun : nothing;
}

function add(sum: Sum, usage: TokenUsage, price: TallyPrice): void {
  sum.input_tokens += usage.inputTokens;
  sum.cached_input_tokens += usage.cachedInputTokens;
  sum.cache_write_tokens += usage.cacheWriteTokens;
  sum.output_tokens += usage.outputTokens + usage.reasoningTokens;
  sum.reasoning_tokens += usage.reasoningTokens;
  const micro = (tokens: number, usdPerMillion: number) => BigInt(tokens) * BigInt(Math.round(usdPerMillion * 1e9));
  const total =
    micro(usage.inputTokens, price.input) +
    micro(usage.cachedInputTokens, price.cached) +
    micro(usage.cacheWriteTokens, price.cacheWrite) +
    micro(usage.outputTokens + usage.reasoningTokens, price.output);
  sum.cost += (total + 500_000n) / 1_000_000n;
}

function sumOf(sums: Map<string, Sum>, model: string): Sum {
  let sum = sums.get(model);
  if (sum === undefined) {
    const tokens = { input_tokens: 0, cached_input_tokens: 0, cache_write_tokens: 0, output_tokens: 0, reasoning_tokens: 0 };
    sum = { requests: 0, ...tokens, cost: 0n };
    sums.set(model, sum);
  }
  return sum;
}
