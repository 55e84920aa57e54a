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
  const headless = calls.filter((call) => call.requestId === null);
  const ofHeadless = pairedByBooks(
    rows.filter((row) => !callByRequest.has(row.id)),
    headless,
    books,
  );
  const unclaimed = new Set(headless);
  const seenIds = new Set<string>();
  let interrupted = 0;
  for (const row of rows) {
    if (seenIds.has(row.id)) problems.push(`request ${row.id} is there twice`);
    seenIds.add(row.id);
    const call = callByRequest.get(row.id) ?? ofHeadless.get(row);
    if (call !== undefined) unclaimed.delete(call);
    if (call === undefined) {
      problems.push(`request ${row.id} (${row.model}, ${row.state}) is nobody's: ${described(row)}`);
      continue;
    }
    problems.push(...differences(row, call, books));
    const sum = sumOf(sums, modelOf(call.kind));
    sum.requests++;
    for (const { attempt, usage } of expectedAttempts(row, call, books)) {
      if (attempt.state === "interrupted") interrupted++;
      add(sum, usage, priceOf(modelOf(call.kind)));
    }
    if (call.isComplete && row.state !== "settled") problems.push(`call ${call.number} was received whole, but is ${row.state}`);
  }
  for (const call of callByRequest.values())
    if (!seenIds.has(call.requestId as string)) problems.push(`call ${call.number} (${call.kind}) has no row`);
  for (const call of unclaimed)
    if (books.arrivals.has(call.number)) problems.push(`call ${call.number} (${call.kind}) reached a provider and has no row`);
  return { sums, problems, interrupted };
}

/**
 * A row without an answer that anyone got belongs to a call that was cut before its head: to one that the providers know as the row says.
 * Some rows fit several such calls, so that all are paired at once: first the calls that reached a provider, which must have one.
 */
function pairedByBooks(
  rows: readonly LooseJson[],
  calls: readonly TallyCall[],
  books: Books,
): { get(row: LooseJson): TallyCall | undefined } {
  const fits = (row: LooseJson, call: TallyCall) =>
    modelOf(call.kind) === row.model && differences(row, call, books).length === 0;
  const callOf = new Map<LooseJson, TallyCall>();
  const rowOf = new Map<TallyCall, LooseJson>();
  const rowsOf = (call: TallyCall) => rows.filter((row) => fits(row, call));
  const callsOf = (row: LooseJson) => calls.filter((call) => fits(row, call));
  for (const call of calls) if (books.arrivals.has(call.number)) pair(call, rowsOf, rowOf, callOf);
  for (const row of rows) if (!callOf.has(row)) pair(row, callsOf, callOf, rowOf);
  return callOf;
}

/** Finds `one` a partner, who may have to leave another for it, who then finds one that is free (Kuhn 1955). Whoever has one keeps having one. */
function pair<One, Other>(
  one: One,
  candidatesOf: (one: One) => readonly Other[],
  otherOf: Map<One, Other>,
  oneOf: Map<Other, One>,
  asked = new Set<Other>(),
): boolean {
  for (const other of candidatesOf(one)) {
    if (asked.has(other)) continue;
    asked.add(other);
    const holder = oneOf.get(other);
    if (holder !== undefined && !pair(holder, candidatesOf, otherOf, oneOf, asked)) continue;
    otherOf.set(one, other);
    oneOf.set(other, one);
    return true;
  }
  return false;
}

/** What the row has otherwise than the providers' books have the call. */
function differences(row: LooseJson, call: TallyCall, books: Books): string[] {
  const found: string[] = [];
  const expected = expectedAttempts(row, call, books);
  for (const { attempt, usage } of expected) {
    const { tokens } = attempt;
    const inLedger = [tokens.input_tokens, tokens.cached_input_tokens, tokens.cache_write_tokens, tokens.output_tokens];
    const inBooks = [
      usage.inputTokens,
      usage.cachedInputTokens,
      usage.cacheWriteTokens,
      usage.outputTokens + usage.reasoningTokens,
    ];
    if (String(inLedger) !== String(inBooks))
      found.push(`call ${call.number} (${call.kind}): ${inLedger} in the ledger, ${inBooks} in the books: ${described(row)}`);
  }
  const arrived = books.arrivals.get(call.number)?.length ?? 0;
  const seen = expected.filter(({ isUnseen, isLost }) => !isUnseen && !isLost).length;
  // Given up as soon as it had begun, it may not have come as far as its provider.
  const lost = expected.filter(({ isLost }) => isLost).length;
  // A replica killed between its record and its request has one attempt more.
  const isCut = row.state === "interrupted" || row.attempts.some((one: LooseJson) => one.state === "interrupted");
  if (arrived > seen + lost || arrived < seen - (isCut ? 1 : 0))
    found.push(
      `call ${call.number} (${call.kind}): ${seen} attempts in the ledger, ${arrived} at the providers: ${described(row)}`,
    );
  return found;
}

/** The row's attempts, each with what it must have used. */
function expectedAttempts(
  row: LooseJson,
  call: TallyCall,
  books: Books,
): { attempt: LooseJson; usage: TokenUsage; isUnseen: boolean; isLost: boolean }[] {
  let seen = 0;
  return row.attempts.map((attempt: LooseJson) => {
    // Its connection was gone: no provider has seen it, but Headgate can't know that.
    const isUnseen = attempt.error === "upstream_unreachable";
    // Of a pair, the one that was given up; whichever came first, the providers meant to answer both.
    const isLost = attempt.error === "hedge_lost";
    const done = isUnseen || isLost ? undefined : books.arrivals.get(call.number)?.[seen++];
    const usage = isUnseen && attempt.usage_source === "estimated" ? unfinished : expectedUsage(attempt, call, done);
    return { attempt, usage, isUnseen, isLost };
  });
}

function described(row: LooseJson): string {
  const attempts = row.attempts.map(({ status, error, state, usage_source, tokens }: LooseJson) =>
    [status, error, state, usage_source, tokens.input_tokens, tokens.output_tokens].join(" "),
  );
  return `${row.id} ${row.state} [${attempts.join("; ")}]`;
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
