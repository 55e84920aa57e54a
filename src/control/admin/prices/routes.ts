// What models cost: the catalogue's prices, and those that administrators set in their place.
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { checkedText } from "../../../api/checked-text.ts";
import { errorResponses } from "../../../api/error-body.ts";
import { modelPriceView, pricesList, pricesQuery, setPriceBody } from "../../../api/prices.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { checkModelName } from "../../../domain/endpoint-fields.ts";
import { catalogueVersion } from "../../prices/catalogue-version.ts";
import { databaseUnavailable, noContent } from "../answers.ts";
import { askerOf } from "../authorize/asker.ts";
import { ownedByAsker } from "../authorize/reach.ts";
import { areEndpointsShown } from "../authorize/shown-endpoints.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { pageOfPrices } from "./list-page.ts";
import { type ModelPrice, presentModelPrice } from "./present.ts";
import { readPrices } from "./read-prices.ts";
import { deletePrice, setPrice } from "./set-price.ts";

const reading = { policy: "prices.read" } as const;
const writing = { policy: "prices.write" } as const;
const tags = ["prices"];
const params = z.object({ model: checkedText(checkModelName) });

export function priceRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/prices",
    {
      config: reading,
      schema: {
        tags,
        summary: "List models with what they cost, by name: all, or those that the user may use, where the role shows no more",
        querystring: pricesQuery,
        response: { 200: pricesList, ...errorResponses },
      },
    },
    async (request) => {
      const { cursor, limit, ...filter } = request.query;
      const page = pageOfPrices(await seenPrices(context, request), filter, { cursor, limit });
      const shows = { endpoints: areEndpointsShown(request) };
      const data = page.rows.map((row) => presentModelPrice(row, shows));
      return { data, next_cursor: page.nextCursor, catalogue: catalogueVersion };
    },
  );

  app.get(
    "/prices/:model",
    {
      config: reading,
      schema: { tags, summary: "What one model costs", params, response: { 200: modelPriceView, ...errorResponses } },
    },
    async (request) => presentOne(context, request, request.params.model),
  );

  app.put(
    "/prices/:model",
    {
      config: writing,
      schema: {
        tags,
        summary: "Set what a model costs, in place of the catalogue's price; the next call has it",
        params,
        body: setPriceBody,
        response: { 200: modelPriceView, ...errorResponses },
      },
    },
    async (request) => {
      const { model } = request.params;
      await context
        .database()
        .transaction((repositories) => setPrice(repositories, askerOf(request), model, request.body, context.clock.nowMs()));
      await context.publish((publisher) => publisher.routingChanged());
      return presentOne(context, request, model);
    },
  );

  app.delete(
    "/prices/:model",
    {
      config: writing,
      schema: {
        tags,
        summary: "Take back the price that was set for a model: the catalogue's holds again, if it has one",
        params,
        response: { 204: noContent, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { model } = request.params;
      await context
        .database()
        .transaction((repositories) => deletePrice(repositories, askerOf(request), model, context.clock.nowMs()));
      await context.publish((publisher) => publisher.routingChanged());
      return reply.code(204).send();
    },
  );
}

type Asked = Pick<FastifyRequest, "actor" | "reach">;

/** By name; of those whose role shows all models, all. Throws HeadgateError database_unavailable. */
async function seenPrices(context: AdminContext, asked: Asked): Promise<ModelPrice[]> {
  const all = await readPrices(context.database(), context.prices);
  const owner = ownedByAsker(asked);
  if (owner === undefined) return all;
  const usable = context.usableModels(owner.userId);
  if (usable === null) throw databaseUnavailable();
  const names = new Set(usable.map(({ name }) => name));
  return all.filter(({ model }) => names.has(model));
}

/** Throws HeadgateError not_found, also for a model that is there for others. */
async function presentOne(context: AdminContext, asked: Asked, model: string) {
  const row = (await seenPrices(context, asked)).find((each) => each.model === model);
  if (row === undefined)
    throw new HeadgateError("not_found", { message: "There is no model of this name, and no price set for one." });
  return presentModelPrice(row, { endpoints: areEndpointsShown(asked) });
}
