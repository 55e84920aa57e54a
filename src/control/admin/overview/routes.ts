// The overview: how it goes now, and what is wrong.
import { errorResponses } from "../../../api/error-body.ts";
import { overviewQuery, overviewView } from "../../../api/overview.ts";
import { ownedByAsker } from "../authorize/reach.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { periodOf } from "./period.ts";
import { readOverview } from "./read-overview.ts";
import { readUnhealthy } from "./unhealthy.ts";

export function overviewRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/overview",
    {
      config: { policy: "usage.read" },
      schema: {
        tags: ["usage"],
        summary:
          "Requests, errors, tokens, cost and latencies over time, beside those of the period before, and what is unhealthy now",
        querystring: overviewQuery,
        response: { 200: overviewView, ...errorResponses },
      },
    },
    async (request) => {
      const period = periodOf(request.query.from, request.query.to, context.clock.nowMs());
      const figures = await readOverview(context.database(), period, ownedByAsker(request));
      return { ...figures, unhealthy: await readUnhealthy(context, request) };
    },
  );
}
