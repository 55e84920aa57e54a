// Requests for an export, page by page, newest first.
import type { z } from "zod";
import type { exportQueries } from "../../../api/exports.ts";
import type { RequestBody } from "../../../api/requests.ts";
import type { AttemptRow } from "../../../storage/ports/ledger.ts";
import type { OwnedBy } from "../../../storage/ports/owned-by.ts";
import type { Storage } from "../../../storage/ports/storage.ts";
import type { ExportScope } from "../../exports/export-scope.ts";
import type { CsvColumns } from "../csv.ts";
import { presentRequest } from "../requests/present.ts";
import { type ExportBatch, shareReadBackwards } from "./export-batch.ts";

/** Few, so that calls hardly wait for a page of them to be read and put into words. */
const pageRows = 100;

type Query = z.output<typeof exportQueries.requests>;

export async function* requestBatches(
  database: Storage,
  query: Query,
  scope: ExportScope,
  ownedBy: OwnedBy | undefined,
  nowMs: number,
): AsyncGenerator<ExportBatch<RequestBody>, void, void> {
  const { ledger } = database;
  const { model, endpoint, key: keyId, user: userId, group: groupId, search, status: outcome } = query;
  const toMs = query.to ?? nowMs;
  const fromMs = Math.max(query.from ?? 0, (await ledger.oldestMs()) ?? toMs);
  let newestMs: number | null = null;
  const filter = { model, endpoint, keyId, userId, groupId, requestId: search || undefined, outcome, fromMs, toMs, ownedBy };
  for (let cursor: string | undefined; ; ) {
    const { rows, nextCursor } = await ledger.pageOfRequests(filter, { limit: pageRows, cursor });
    const requests = await presented(database, rows, scope, nowMs);
    const last = rows.at(-1);
    const isLast = nextCursor === null || last === undefined;
    newestMs ??= rows[0]?.started_at ?? toMs;
    yield { rows: requests, progress: isLast ? 1 : shareReadBackwards({ fromMs, toMs: newestMs }, last.started_at) };
    if (isLast) return;
    cursor = nextCursor;
  }
}

/** In the order of their last attempts. */
async function presented(
  database: Storage,
  last: readonly AttemptRow[],
  scope: ExportScope,
  nowMs: number,
): Promise<RequestBody[]> {
  const attempts = await database.ledger.attemptsOf(last.map(({ request_id }) => request_id));
  const byRequest = new Map<string, AttemptRow[]>(last.map(({ request_id }) => [request_id, []]));
  for (const row of attempts) byRequest.get(row.request_id)?.push(row);
  const { knownGroupIds: known } = scope;
  const idsOf = (column: "key_id" | "user_id" | "group_id") => [...new Set(attempts.flatMap((row) => row[column] ?? []))];
  const names = {
    keys: await database.keys.names(idsOf("key_id")),
    users: await database.users.names(idsOf("user_id")),
    groups: await database.groups.names(idsOf("group_id").filter((id) => known === null || known.includes(id))),
    withBodies: await database.requestBodies.kept([...byRequest.keys()], nowMs),
    adjustments: await database.adjustments.ofAttempts(attempts),
    prices: null,
  };
  // One that retention has removed meanwhile has no attempts any more.
  return last.flatMap(({ request_id }) => {
    const rows = byRequest.get(request_id) ?? [];
    return rows.length === 0 ? [] : [presentRequest(rows, names, { endpoints: scope.endpoints })];
  });
}

export const requestColumns: CsvColumns<RequestBody> = {
  id: ({ id }) => id,
  started_at: (request) => request.started_at,
  duration_ms: (request) => request.duration_ms,
  ttft_ms: (request) => request.ttft_ms,
  status: ({ status }) => status,
  error: ({ error }) => error,
  state: ({ state }) => state,
  model: ({ model }) => model,
  endpoint: ({ endpoint }) => endpoint,
  key: ({ key }) => key,
  key_name: (request) => request.key_name,
  user: ({ user }) => user,
  user_name: (request) => request.user_name,
  group: ({ group }) => group,
  group_name: (request) => request.group_name,
  method: ({ method }) => method,
  path: ({ path }) => path,
  stream: ({ stream }) => String(stream),
  input_tokens: ({ tokens }) => tokens.input_tokens,
  cached_input_tokens: ({ tokens }) => tokens.cached_input_tokens,
  cache_write_tokens: ({ tokens }) => tokens.cache_write_tokens,
  output_tokens: ({ tokens }) => tokens.output_tokens,
  reasoning_tokens: ({ tokens }) => tokens.reasoning_tokens,
  usage_source: (request) => request.usage_source,
  cost_usd: (request) => request.cost_usd,
  attempts: ({ attempts }) => attempts.length,
};
