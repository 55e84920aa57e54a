// Allowances: what keys, users, groups and models have used of their limits, and what is left.
import { allowanceParams, allowancesQuery, allowanceView, holderKinds } from "../../../api/allowances.ts";
import { errorResponses } from "../../../api/error-body.ts";
import { listOf } from "../../../api/list.ts";
import { isLimited, limitsOf } from "../../../domain/limits.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { limitedHolders, readHolder } from "./holders.ts";
import { pageOfNearest, type Standing } from "./nearest-first.ts";
import { type Holder, presentAllowance, usedShare } from "./present.ts";

const config = { policy: "usage.read" } as const;
const tags = ["allowances"];
const nearShare = 0.8;

export function allowanceRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/allowances",
    {
      config,
      schema: {
        tags,
        summary: "List keys, users, groups and models that have limits, with what is left; those nearest to the end first",
        querystring: allowancesQuery,
        response: { 200: listOf(allowanceView), ...errorResponses },
      },
    },
    async (request) => {
      const { kind, search, near, ...page } = request.query;
      const holders: Holder[] = [];
      for (const each of kind === undefined ? holderKinds : [kind])
        holders.push(...(await limitedHolders(context, request, each, search)));
      const standings = (await standingsOf(context, holders)).filter(
        ({ limits, share }) => isLimited(limits) && (near !== "true" || share >= nearShare),
      );
      const { rows, nextCursor } = pageOfNearest(standings, page);
      return { data: rows.map(({ holder, limits, view }) => presentAllowance(holder, limits, view)), next_cursor: nextCursor };
    },
  );

  app.get(
    "/allowances/:kind/:id",
    {
      config,
      schema: {
        tags,
        summary: "What one key, user, group or model has used of its limits, and what is left",
        params: allowanceParams,
        response: { 200: allowanceView, ...errorResponses },
      },
    },
    async (request) => {
      const { kind, id } = request.params;
      const [standing] = await standingsOf(context, [await readHolder(context, request, kind, id)]);
      const { holder, limits, view } = standing as Standing;
      return presentAllowance(holder, limits, view);
    },
  );
}

async function standingsOf({ allowances, clock }: AdminContext, holders: readonly Holder[]): Promise<Standing[]> {
  const asked = holders.map(({ kind, id, column }) => ({ subject: `${kind}:${id}`, limits: limitsOf(column) }));
  const views = await allowances.views(asked, clock.nowMs());
  return holders.flatMap((holder, index) => {
    const [limits, view] = [asked[index]?.limits, views[index]];
    return limits === undefined || view === undefined ? [] : [{ holder, limits, view, share: usedShare(limits, view) }];
  });
}
