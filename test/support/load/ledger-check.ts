// Holds the ledger against what callers got and the provider saw: every difference is a problem, said in words.
import { eventually } from "../eventually.ts";
import type { HeadgateProcess } from "../headgate-process.ts";
import type { LooseJson } from "../loose-json.ts";
import { type LoadCall, tokensOf } from "./load-call.ts";

/** A request as `GET /requests` shows it. */
export type LedgerRequest = LooseJson;

/** Every request in the ledger, page by page. */
export async function allRequests(headgate: HeadgateProcess): Promise<LedgerRequest[]> {
  const rows: LedgerRequest[] = [];
  let cursor = "";
  do {
    const { status, body, text } = await headgate.admin("GET", `/requests?limit=1000${cursor}`);
    if (status !== 200) throw new Error(`GET /requests: ${status} ${text}`);
    rows.push(...body.data);
    cursor = body.next_cursor === null ? "" : `&cursor=${encodeURIComponent(body.next_cursor)}`;
  } while (cursor !== "");
  return rows;
}

/** The ledger once it has the answer of every served call and nothing in it is in progress any more. */
export function settledLedger(
  headgate: HeadgateProcess,
  calls: readonly LoadCall[],
  timeoutMs = 20_000,
): Promise<LedgerRequest[]> {
  let waitsFor = "";
  return eventually(
    async () => {
      const rows = await allRequests(headgate);
      const ids = new Set(rows.map((row) => row.id));
      const absent = calls.filter((call) => call.requestId !== null && !ids.has(call.requestId));
      const open = rows.filter((row) => row.state === "in_progress");
      waitsFor = `${absent.length} of ${calls.length} calls are not in the ledger, ${open.length} of ${rows.length} rows are in progress: `;
      return absent.length === 0 && open.length === 0 && rows;
    },
    { timeoutMs, everyMs: 250, what: () => `${waitsFor}a whole ledger` },
  );
}

/**
 * What is wrong with the rows of these calls; empty when nothing is. `seen`: the numbers of the calls that reached the provider.
 * A call whose caller got no head has a row for certain only when the provider saw it: its start is in the spool before that.
 */
export function ledgerProblems(rows: readonly LedgerRequest[], calls: readonly LoadCall[], seen: readonly number[]): string[] {
  const problems: string[] = [];
  const byId = new Map<string, LedgerRequest>();
  const attemptIds = new Set<string>();
  for (const row of rows) {
    if (byId.has(row.id)) problems.push(`request ${row.id} is there twice`);
    byId.set(row.id, row);
    if (row.attempts.length !== 1) problems.push(`request ${row.id} has ${row.attempts.length} attempts`);
    for (const { id } of row.attempts) {
      if (attemptIds.has(id)) problems.push(`attempt ${id} is there twice`);
      attemptIds.add(id);
    }
  }
  const seenTimes = new Map<number, number>();
  for (const number of seen) seenTimes.set(number, (seenTimes.get(number) ?? 0) + 1);
  for (const [number, times] of seenTimes) if (times > 1) problems.push(`call ${number} reached the provider ${times} times`);

  const claimed = new Set<string>();
  for (const call of calls) {
    if (call.requestId === null) continue;
    const row = byId.get(call.requestId);
    claimed.add(call.requestId);
    if (row === undefined) problems.push(`${named(call)} has no row`);
    else problems.push(...rowProblems(row, call));
  }
  const unclaimed = rows.filter((row) => !claimed.has(row.id));
  problems.push(...unclaimedProblems(unclaimed, calls, new Set(seen)));
  return problems;
}

function rowProblems(row: LedgerRequest, call: LoadCall): string[] {
  const name = named(call);
  if (row.key_name !== `caller-${call.caller}`) return [`${name} is booked on ${row.key_name}`];
  if (row.state === "settled") {
    const { inputTokens, outputTokens } = tokensOf(call.number);
    const got = [row.status, row.error, row.usage_source, row.tokens.input_tokens, row.tokens.output_tokens].join(" ");
    const right = [200, null, "measured", inputTokens, outputTokens].join(" ");
    return got === right ? [] : [`${name} is settled as ${got} instead of ${right}`];
  }
  if (row.state !== "interrupted") return [`${name} is ${row.state}`];
  if (call.isComplete) return [`${name} was received whole, but is interrupted`];
  const estimate = Math.ceil(Buffer.byteLength(call.body) / 4);
  const got = [row.usage_source, row.tokens.input_tokens, row.tokens.output_tokens].join(" ");
  return got === `estimated ${estimate} 0` ? [] : [`${name} is interrupted with ${got} instead of estimated ${estimate} 0`];
}

/** Rows without an answer that anyone got: each belongs to a call of that caller that was cut before its head. */
function unclaimedProblems(rows: readonly LedgerRequest[], calls: readonly LoadCall[], seen: ReadonlySet<number>): string[] {
  const problems: string[] = [];
  const headless = calls.filter((call) => call.requestId === null);
  const callers = new Set([...headless.map((call) => `caller-${call.caller}`), ...rows.map((row) => row.key_name)]);
  for (const caller of callers) {
    const own = rows.filter((row) => row.key_name === caller);
    const cut = headless.filter((call) => `caller-${call.caller}` === caller);
    const certain = cut.filter((call) => seen.has(call.number));
    if (own.length < certain.length || own.length > cut.length) {
      problems.push(
        `${caller}: ${own.length} rows for ${cut.length} calls cut before their head, of which the provider saw ${certain.length}`,
      );
    }
    const settled = new Set<number>();
    for (const row of own.filter((one) => one.state === "settled")) {
      const call = cut.find((one) => tokensOf(one.number).inputTokens === row.tokens.input_tokens);
      if (call === undefined || settled.has(call.number))
        problems.push(`${row.id} of ${caller} is settled, but no call has its tokens`);
      else problems.push(...rowProblems(row, call));
      if (call !== undefined) settled.add(call.number);
    }
    for (const row of own.filter((one) => one.state !== "settled" && one.state !== "interrupted"))
      problems.push(`${row.id} is ${row.state}`);
  }
  return problems;
}

function named(call: LoadCall): string {
  return `call ${call.number} of caller-${call.caller} (${call.shape}, ${call.requestId})`;
}

/** Where the hourly roll-ups differ from the sums over the rows; per key, so that nothing evens out. */
export async function usageProblems(headgate: HeadgateProcess, rows: readonly LedgerRequest[]): Promise<string[]> {
  const { body } = await headgate.admin("GET", "/usage?group_by=key");
  const problems: string[] = [];
  const byKey = new Map<string, LedgerRequest[]>();
  for (const row of rows) byKey.set(row.key_name, [...(byKey.get(row.key_name) ?? []), row]);
  if (body.data.length !== byKey.size) problems.push(`${body.data.length} keys in /usage, ${byKey.size} in /requests`);
  for (const sums of body.data) {
    const own = byKey.get(sums.key_name) ?? [];
    const total = (field: (row: LedgerRequest) => number) => own.reduce((sum, row) => sum + field(row), 0);
    const expected: Record<string, number> = {
      requests: own.length,
      errors: total((row) => Number(row.state === "interrupted" || row.error !== null || row.status >= 400)),
      input_tokens: total((row) => row.tokens.input_tokens),
      cached_input_tokens: total((row) => row.tokens.cached_input_tokens),
      cache_write_tokens: total((row) => row.tokens.cache_write_tokens),
      output_tokens: total((row) => row.tokens.output_tokens),
      reasoning_tokens: total((row) => row.tokens.reasoning_tokens),
      estimated_requests: total((row) => Number(row.usage_source === "estimated")),
      interrupted_requests: total((row) => Number(row.state === "interrupted")),
    };
    for (const [name, value] of Object.entries(expected)) {
      if (sums[name] !== value) problems.push(`/usage of ${sums.key_name} says ${sums[name]} ${name}, the rows say ${value}`);
    }
  }
  return problems;
}
