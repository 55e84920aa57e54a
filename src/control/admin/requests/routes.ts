// Requests, newest first, each with its attempts.
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { type RequestBody, requestsQuery, requestView } from "../../../api/requests.ts";
import type { AttemptRow, Storage } from "../../../storage/port.ts";
import { found, idParams } from "../answers.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { presentRequest } from "./present.ts";

const config = { policy: "admin" } as const;
const tags = ["requests"];

export function requestRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/requests",
    {
      config,
      schema: {
        tags,
        summary: "List requests, newest first",
        querystring: requestsQuery,
        response: { 200: listOf(requestView), ...errorResponses },
      },
    },
    async (request) => {
      const { model, endpoint, key: keyId, status: outcome, from: fromMs, to: toMs, ...page } = request.query;
      const database = context.database();
      const listed = await database.ledger.pageOfRequests({ model, endpoint, keyId, outcome, fromMs, toMs }, page);
      const ids = listed.rows.map((row) => row.request_id);
      return { data: await withAttempts(database, ids), next_cursor: listed.nextCursor };
    },
  );

  app.get(
    "/requests/:id",
    {
      config,
      schema: {
        tags,
        summary: "One request, by the x-request-id its caller got",
        params: idParams,
        response: { 200: requestView, ...errorResponses },
      },
    },
    async (request) => found((await withAttempts(context.database(), [request.params.id]))[0], "request"),
  );
}

/** The requests that are known, in the order of `ids`. */
async function withAttempts(database: Storage, ids: readonly string[]): Promise<RequestBody[]> {
  if (ids.length === 0) return [];
  const byRequest = new Map<string, AttemptRow[]>();
  const keyIds = new Set<string>();
  const userIds = new Set<string>();
  const groupIds = new Set<string>();
  for (const row of await database.ledger.attemptsOf(ids)) {
    byRequest.set(row.request_id, [...(byRequest.get(row.request_id) ?? []), row]);
    if (row.key_id !== null) keyIds.add(row.key_id);
    if (row.user_id !== null) userIds.add(row.user_id);
    groupIds.add(row.group_id);
  }
  const names = {
    keys: await database.keys.names([...keyIds]),
    users: await database.users.names([...userIds]),
    groups: await database.groups.names([...groupIds]),
  };
  return ids.flatMap((id) => {
    const attempts = byRequest.get(id);
    return attempts === undefined ? [] : [presentRequest(attempts, names)];
  });
}
