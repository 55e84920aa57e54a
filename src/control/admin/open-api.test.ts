// The OpenAPI document is whole: every operation is named, described and shown by examples, and what is shown is what the routes take and give.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type AdminApiUnderTest, startAdminApi } from "../../../test/support/admin-api.ts";
import { errorResponses } from "../../api/error-body.ts";
import { type Document, nameOf, type Operation } from "./open-api/document.ts";
import { operations as docs } from "./open-api/operations.ts";

const prefix = "/admin/api/v1";

interface RouteSchema {
  hide?: boolean;
  body?: z.ZodType;
  querystring?: z.ZodType;
  response?: Record<string, z.ZodType>;
}

let api: AdminApiUnderTest;
let document: Document & { openapi: string; tags: { name: string }[] };
/** By "GET /keys/:id". */
const routes = new Map<string, RouteSchema>();

beforeAll(async () => {
  const watch = (app: { addHook(name: "onRoute", hook: (route: never) => void): unknown }): void => {
    app.addHook("onRoute", ({ method, url, schema }: { method: string | string[]; url: string; schema?: RouteSchema }) => {
      if (schema === undefined || schema.hide === true) return;
      for (const each of [method].flat()) routes.set(`${each} ${url.slice(prefix.length)}`, schema);
    });
  };
  api = await startAdminApi({}, [watch as never]);
  document = (await api.call("GET", "/openapi.json", undefined, { token: null })).body;
});
afterAll(() => api?.close());

const all = (): { name: string; operation: Operation; path: string; schema: RouteSchema }[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => {
      const name = nameOf(method, path.replace("{path}", "{*}"), prefix);
      return { name, operation, path, schema: routes.get(name) as RouteSchema };
    }),
  );

/** The names of operations for which `isWrong` says so. */
const wrong = (isWrong: (each: ReturnType<typeof all>[number]) => boolean) =>
  all()
    .filter(isWrong)
    .map(({ name }) => name);

describe("every operation", () => {
  test("has its entry in open-api/operations, and no entry is of a route that is gone", () => {
    expect(routes.size).toBeGreaterThan(60);
    expect({
      missing: [...routes.keys()].filter((name) => !(name in docs)),
      withoutRoute: Object.keys(docs).filter((name) => !routes.has(name)),
    }).toEqual({ missing: [], withoutRoute: [] });
    expect(
      all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...routes.keys()].sort());
  });

  test("has a name of its own, a summary, a description and one of the tags that are described", () => {
    const ids = all().map(({ operation }) => operation.operationId ?? "");
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(wrong(({ operation: { summary, description } }) => !summary || !description || description.length < 20)).toEqual([]);
    const known = document.tags.map(({ name }) => name);
    expect(wrong(({ operation: { tags = [] } }) => tags.length !== 1 || !known.includes(tags[0] as string))).toEqual([]);
    expect(known.filter((tag) => !all().some(({ operation }) => operation.tags?.includes(tag)))).toEqual([]);
  });

  test("has the parameters of its path, each with an example", () => {
    const namesIn = (path: string) => [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const shown = ({ parameters = [] }: Operation) =>
      parameters.flatMap((parameter) =>
        "name" in parameter && parameter.in === "path" && parameter.required === true && typeof parameter.example === "string"
          ? [parameter.name]
          : [],
      );
    expect(wrong(({ operation, path }) => shown(operation).join() !== namesIn(path).join())).toEqual([]);
  });

  test("has an example of the body it takes and of the answer it gives", () => {
    const isBare = (content: object) =>
      Object.values(content).some(({ example, examples }) => example === undefined && Object.keys(examples ?? {}).length === 0);
    expect(wrong(({ operation: { requestBody } }) => requestBody !== undefined && isBare(requestBody.content))).toEqual([]);
    const succeeding = ({ responses }: Operation) => Object.entries(responses).filter(([status]) => /^[23]/.test(status));
    expect(wrong(({ operation }) => succeeding(operation).length === 0)).toEqual([]);
    expect(wrong(({ operation }) => succeeding(operation).some(([, { content = {} }]) => isBare(content)))).toEqual([]);
    expect(
      wrong(({ operation }) => succeeding(operation).some(([, { description }]) => !description || /^Default/.test(description))),
    ).toEqual([]);
  });

  test("leads to the refusals that all share", () => {
    expect(wrong(({ operation: { responses } }) => responses["4XX"]?.$ref !== "#/components/responses/Refused")).toEqual([]);
    expect(wrong(({ operation: { responses } }) => responses["5XX"]?.$ref !== "#/components/responses/Failed")).toEqual([]);
  });
});

describe("what is shown is true", () => {
  const problem = (schema: z.ZodType | undefined, value: unknown): string | null => {
    const result = schema?.safeParse(value);
    if (result === undefined) return "the route has no schema for it";
    return result.success ? null : z.prettifyError(result.error);
  };

  test("routes take the bodies and queries of the examples", () => {
    const problems = Object.entries(docs).flatMap(([name, { body = {}, query, isPassedOn }]) => {
      const schema = routes.get(name);
      const ofBody = isPassedOn
        ? []
        : Object.entries(body).map(([key, value]) => [`${name} ${key}`, problem(schema?.body, value)]);
      const ofQuery = query === undefined ? [] : [[`${name} query`, problem(schema?.querystring, query)]];
      return [...ofBody, ...ofQuery].filter(([, text]) => text !== null);
    });
    expect(problems).toEqual([]);
  });

  test("routes give answers like the examples, with these fields and no others", () => {
    const problems = Object.entries(docs).flatMap(([name, { answer = {}, isPassedOn }]) => {
      const { response = {} } = routes.get(name) ?? {};
      const schema = Object.entries(response).find(([status]) => status.startsWith("2"))?.[1];
      return Object.entries(answer).flatMap(([key, value]) => {
        const text = problem(schema, value);
        if (text !== null) return [[`${name} ${key}`, text]];
        // what a schema does not know is left out of what it parses
        const hasMore = !isPassedOn && JSON.stringify(sorted(schema?.parse(value))) !== JSON.stringify(sorted(value));
        return hasMore ? [[`${name} ${key}`, "has fields that the route does not give"]] : [];
      });
    });
    expect(problems).toEqual([]);
  });

  test("the refusals are errors of the catalogue in the shape of all errors", () => {
    const { responses } = document.components as { responses: Record<string, { content: Record<string, { examples: object }> }> };
    const examples = Object.values(responses).flatMap(({ content }) =>
      Object.values(content["application/json"]?.examples ?? {}),
    );
    expect(examples.length).toBeGreaterThan(5);
    for (const { value } of examples) expect(errorResponses["4xx"].parse(value)).toEqual(value);
  });

  test("none of it holds a whole key or password of anybody", () => {
    expect(JSON.stringify(docs)).not.toMatch(/sk-(hg-)?[\w-]{16}/);
  });
});

describe("the document", () => {
  test("is OpenAPI 3.1, and every reference in it leads somewhere", () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target as string);
    expect(references.length).toBeGreaterThan(100);
    const leadsTo = (target: string) =>
      target
        .replace(/^#\//, "")
        .split("/")
        .reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key.replaceAll("~1", "/")], document);
    expect([...new Set(references)].filter((target) => !target.startsWith("#/") || leadsTo(target) === undefined)).toEqual([]);
  });

  test("names no permission that there is not, and the credentials of every operation", () => {
    const { securitySchemes } = document.components;
    const { security } = document as unknown as { security: Record<string, unknown>[] };
    expect(security.flatMap((way) => Object.keys(way)).filter((name) => !(name in (securitySchemes as object)))).toEqual([]);
    const open = wrong(({ operation }) => (operation as { security?: unknown[] }).security?.length === 0);
    const silent = wrong(({ operation }) => !/(^|\n)(Permission: `|For everybody who)/.test(operation.description ?? ""));
    expect(silent.sort()).toEqual(open.sort());
  });
});

/** With its keys in order, at every depth. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
