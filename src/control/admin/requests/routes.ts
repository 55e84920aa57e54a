// Requests, newest first, each with its attempts.
import type { FastifyRequest } from "fastify";
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { type RequestBody, requestsQuery, requestView } from "../../../api/requests.ts";
import type { AttemptRow } from "../../../storage/ports/ledger.ts";
import type { Storage } from "../../../storage/ports/storage.ts";
import { factsOfRow, type PriceFacts } from "../../prices/price-facts.ts";
import { found, idParams } from "../answers.ts";
import { isOwned, knownGroupIds, ownedByAsker } from "../authorize/reach.ts";
import { areEndpointsShown, requireEndpointsShown } from "../authorize/shown-endpoints.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { requestBodiesRoutes } from "./bodies-routes.ts";
import { presentRequest } from "./present.ts";

const reading = { policy: "requests.read" } as const;
const tags = ["requests"];

export function requestRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/requests",
    {
      config: reading,
      schema: {
        tags,
        summary: "List requests, newest first",
        querystring: requestsQuery,
        response: { 200: listOf(requestView), ...errorResponses },
      },
    },
    async (request) => {
      const { model, endpoint, key: keyId, user: userId, group: groupId, search, status, from, to, ...page } = request.query;
      if (endpoint !== undefined) requireEndpointsShown(request, "endpoint");
      const database = context.database();
      const ownedBy = ownedByAsker(request);
      const asked = { model, endpoint, keyId, userId, groupId, requestId: search || undefined, outcome: status };
      const listed = await database.ledger.pageOfRequests({ ...asked, fromMs: from, toMs: to, ownedBy }, page);
      const attempts = await database.ledger.attemptsOf(listed.rows.map((row) => row.request_id));
      const byRequest = await presentAttempts(database, attempts, request, context.clock.nowMs());
      return { data: listed.rows.flatMap((row) => byRequest.get(row.request_id) ?? []), next_cursor: listed.nextCursor };
    },
  );

  app.get(
    "/requests/:id",
    {
      config: reading,
      schema: {
        tags,
        summary: "One request, by the x-request-id its caller got",
        params: idParams,
        response: { 200: requestView, ...errorResponses },
      },
    },
    async (request) => {
      const { id } = request.params;
      const database = context.database();
      const attempts = await database.ledger.attemptsOf([id]);
      // All attempts of a request are its caller's.
      const isSeen = attempts[0] !== undefined && (await isOwned(database, ownedByAsker(request), attempts[0]));
      const shown = isSeen ? await presentAttempts(database, attempts, request, context.clock.nowMs(), true) : null;
      return found(shown?.get(id), "request");
    },
  );

  requestBodiesRoutes(app, context);
}

/** The requests that these attempts make, by id. */
async function presentAttempts(
  database: Storage,
  attempts: readonly AttemptRow[],
  asked: FastifyRequest,
  nowMs: number,
  withPrices = false,
): Promise<Map<string, RequestBody>> {
  const byRequest = new Map<string, AttemptRow[]>();
  for (const row of attempts) byRequest.set(row.request_id, [...(byRequest.get(row.request_id) ?? []), row]);
  const known = await knownGroupIds(database, asked);
  const names = {
    keys: await database.keys.names(idsOf(attempts, "key_id")),
    users: await database.users.names(idsOf(attempts, "user_id")),
    groups: await database.groups.names(idsOf(attempts, "group_id").filter((id) => known === undefined || known.includes(id))),
    withBodies: await database.requestBodies.kept([...byRequest.keys()], nowMs),
    adjustments: await database.adjustments.ofAttempts(attempts),
    prices: withPrices ? await pricesOf(database, attempts) : null,
  };
  const shows = { endpoints: areEndpointsShown(asked) };
  return new Map([...byRequest].map(([id, rows]) => [id, presentRequest(rows, names, shows)]));
}

/** By version. */
async function pricesOf(database: Storage, attempts: readonly AttemptRow[]): Promise<Map<string, PriceFacts>> {
  const versions = new Set(attempts.flatMap(({ price_version: version }) => version ?? []));
  const rows = await database.priceVersions.ofVersions([...versions]);
  return new Map(rows.map((row) => [row.version, factsOfRow(row)]));
}

/** Each once. */
function idsOf(rows: readonly AttemptRow[], column: "key_id" | "user_id" | "group_id"): string[] {
  return [...new Set(rows.flatMap((row) => row[column] ?? []))];
}
