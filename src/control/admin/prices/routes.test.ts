// Prices over HTTP: what is shown of the catalogue, what administrators set, what is refused, who sees what, and what is written of it.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type Person, person } from "../../../../test/support/people.ts";
import type { ModelPriceBody, PriceBody } from "../../../api/prices.ts";
import { deploymentRow, endpointRow, modelRow } from "../../../storage/rows.contract.ts";

let api: AdminApiUnderTest;
let operator: Person;
let member: Person;
let usable: { name: string; status: "active" }[] | null = [];
beforeAll(async () => {
  api = await startAdminApi({ usableModels: () => usable });
  operator = await person(api, "operator", "Olga");
  member = await person(api, "member", "Mia");
  const { endpoints, models, deployments, modelTargets } = api.storage;
  const openai = endpointRow({ name: "openai", url: "https://api.openai.com/v1" });
  const vllm = endpointRow({ name: "vllm", url: "http://vllm.internal:8000/v1" });
  for (const row of [openai, vllm]) await endpoints.insert(row);
  const pool = async (name: string, ...of: [{ id: string }, string][]) => {
    const model = modelRow({ name });
    await models.insert(model);
    const rows = of.map(([endpoint, upstream]) =>
      deploymentRow({ endpoint_id: endpoint.id, model_id: model.id, upstream_model: upstream }),
    );
    for (const row of rows) await deployments.insert(row);
    return rows.map(({ id }) => id);
  };
  const [gpt] = await pool("prod-gpt", [openai, "gpt-4o"]);
  await pool("gpt-4o-mini", [openai, "gpt-4o-mini"], [vllm, "gpt-4o-mini"]);
  const [llama] = await pool("llama", [vllm, "meta-llama/Llama-3.3-70B"]);
  const smart = modelRow({ name: "smart", kind: "virtual" });
  await models.insert(smart);
  const targets = [gpt, llama].map((id) => ({ deployment_id: id as string, weight: null, priority: null }));
  await modelTargets.replace(smart.id, targets);
});
afterAll(() => api.close());
beforeEach(async () => {
  for (const { model } of await api.storage.prices.all()) await api.call("DELETE", `/prices/${encodeURIComponent(model)}`);
  api.published.length = 0;
});

const of = async (model: string, call = api.call) =>
  (await call("GET", `/prices/${encodeURIComponent(model)}`)).body as ModelPriceBody;
const listed = async (query = "") =>
  (await api.call("GET", `/prices${query}`)).body as { data: ModelPriceBody[]; next_cursor: string | null };
const names = (list: { data: ModelPriceBody[] }) => list.data.map(({ model, status }) => `${model} ${status}`);
const cheap = { input_usd_per_million: 0.15, output_usd_per_million: 0.6 };

describe("what is shown", () => {
  it("has every model with the prices of its deployments, and the catalogue that they are from", async () => {
    const { status, body } = await api.call("GET", "/prices");
    expect(status).toBe(200);
    expect(names(body)).toEqual(["gpt-4o-mini mixed", "llama unpriced", "prod-gpt catalogue", "smart mixed"]);
    expect(body.catalogue).toEqual({ name: "@pydantic/genai-prices", version: "0.1.8", date: "2026-09-23" });
    expect(body.data[2]).toMatchObject({
      override: null,
      override_set_at: null,
      deployments: [
        {
          endpoint: "openai",
          upstream_model: "gpt-4o",
          price: {
            version: expect.stringMatching(/^pv_[0-9a-f]{16}$/),
            source: "catalogue",
            provider: "openai",
            provider_model: "gpt-4o",
            catalogue_version: "0.1.8",
            input_usd_per_million: 2.5,
            cached_input_usd_per_million: 1.25,
            output_usd_per_million: 10,
            reasoning_usd_per_million: 10,
            request_usd: 0,
            tiers: [],
          },
        },
      ],
    });
    // The same name elsewhere says nothing of what it costs there.
    expect(
      body.data[0].deployments.map(({ endpoint, price }: { endpoint: string; price: PriceBody | null }) => [
        endpoint,
        price?.input_usd_per_million,
      ]),
    ).toEqual(
      expect.arrayContaining([
        ["openai", 0.15],
        ["vllm", undefined],
      ]),
    );
    expect(await of("prod-gpt")).toEqual(body.data[2]);
  });

  it("is searched, narrowed by status, and comes in pages", async () => {
    expect(names(await listed("?search=GPT"))).toEqual(["gpt-4o-mini mixed", "prod-gpt catalogue"]);
    expect(names(await listed("?status=unpriced"))).toEqual(["llama unpriced"]);
    expect(names(await listed("?status=mixed&search=s"))).toEqual(["smart mixed"]);
    const first = await listed("?limit=2&status=mixed");
    expect([names(first), first.next_cursor]).toEqual([["gpt-4o-mini mixed", "smart mixed"], null]);
    const pages: string[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: { data: ModelPriceBody[]; next_cursor: string | null } = await listed(
        `?limit=1${cursor && `&cursor=${cursor}`}`,
      );
      pages.push(...names(page));
      cursor = page.next_cursor;
    }
    expect(pages).toEqual(names(await listed()));
    const { status, body } = await api.call("GET", "/prices?cursor=nonsense");
    expect([status, body.error.field]).toEqual([422, "cursor"]);
    expect((await api.call("GET", "/prices/nobody-has-this")).status).toBe(404);
  });

  it("to a member are the models that they may use, without what stands behind", async () => {
    usable = [{ name: "prod-gpt", status: "active" }];
    const { body } = await member.call("GET", "/prices");
    expect(names(body)).toEqual(["prod-gpt catalogue"]);
    expect(body.data[0].deployments).toMatchObject([
      {
        ...{ id: null, endpoint: null, endpoint_id: null, upstream_model: null },
        price: { provider: null, provider_model: null, input_usd_per_million: 2.5 },
      },
    ]);
    expect(JSON.stringify(body.data)).not.toMatch(/openai|gpt-4o/);
    expect((await member.call("GET", "/prices/llama")).status).toBe(404);
    usable = null;
    expect((await member.call("GET", "/prices")).status).toBe(503);
    usable = [];
  });
});

describe("a price that is set", () => {
  it("takes the place of the catalogue's for all deployments, until it is taken back", async () => {
    const { status, body } = await operator.call("PUT", "/prices/gpt-4o-mini", { ...cheap, cached_input_usd_per_million: 0.05 });
    expect(status).toBe(200);
    expect(body).toMatchObject({ model: "gpt-4o-mini", status: "override", override_set_at: expect.stringMatching(/^20/) });
    expect(
      (body as ModelPriceBody).deployments.map(({ endpoint, catalogue }) => [endpoint, catalogue?.source ?? null]).sort(),
    ).toEqual([
      ["openai", "catalogue"],
      ["vllm", null],
    ]);
    expect(body.override).toMatchObject({
      ...{ source: "override", provider: null, provider_model: null, catalogue_version: null, tiers: [], request_usd: 0 },
      ...{
        input_usd_per_million: 0.15,
        cache_write_usd_per_million: 0.15,
        cache_write_1h_usd_per_million: 0.15,
        input_audio_usd_per_million: 0.15,
      },
      ...{ output_usd_per_million: 0.6, reasoning_usd_per_million: 0.6, output_audio_usd_per_million: 0.6 },
      ...{ cached_input_usd_per_million: 0.05, cached_audio_usd_per_million: 0.05 },
    });
    expect(body.deployments.map(({ price }: { price: PriceBody }) => price)).toEqual([body.override, body.override]);
    expect(api.published).toEqual(["routing"]);
    expect((await operator.call("DELETE", "/prices/gpt-4o-mini")).status).toBe(204);
    expect(api.published).toEqual(["routing", "routing"]);
    expect(await of("gpt-4o-mini")).toMatchObject({ status: "mixed", override: null });
    expect((await operator.call("DELETE", "/prices/gpt-4o-mini")).status).toBe(404);
  });

  it("changes what the configuration's version says, so that other replicas see it", async () => {
    const before = await api.storage.meta.configVersion();
    await api.call("PUT", "/prices/llama", cheap);
    await api.call("DELETE", "/prices/llama");
    expect(await api.storage.meta.configVersion()).toBe(before + 2);
  });

  it("of a pool counts in a virtual model too, where that has none of its own", async () => {
    await api.call("PUT", "/prices/llama", cheap);
    const smart = await of("smart");
    expect([smart.status, smart.override]).toEqual(["mixed", null]);
    expect(smart.deployments.map(({ price }) => [price?.source, price?.input_usd_per_million])).toEqual([
      ["catalogue", 2.5],
      ["override", 0.15],
    ]);
    await api.call("PUT", "/prices/smart", { input_usd_per_million: 1, output_usd_per_million: 2 });
    const own = await of("smart");
    expect([own.status, ...own.deployments.map(({ price }) => price?.input_usd_per_million)]).toEqual(["override", 1, 1]);
  });

  it("may be 0, and of a name that no model has yet, with any sign in it", async () => {
    const name = "org/model:free ü?#%";
    const { status, body } = await api.call("PUT", `/prices/${encodeURIComponent(name)}`, {
      input_usd_per_million: 0,
      output_usd_per_million: 0,
    });
    expect([status, body.model, body.status, body.deployments]).toEqual([200, name, "override", []]);
    expect(body.override).toMatchObject({ input_usd_per_million: 0, reasoning_usd_per_million: 0 });
    expect(names(await listed("?status=override"))).toEqual([`${name} override`]);
  });

  it.each([
    ["a missing field", { input_usd_per_million: 1 }, "output_usd_per_million"],
    ["a negative price", { ...cheap, input_usd_per_million: -0.1 }, "input_usd_per_million"],
    ["one beyond a million", { ...cheap, output_usd_per_million: 1_000_000.5 }, "output_usd_per_million"],
    ["fractions of a nano-dollar", { ...cheap, cached_input_usd_per_million: 0.0000000001 }, "cached_input_usd_per_million"],
    ["ten decimals", { ...cheap, cache_write_usd_per_million: 1.0000000001 }, "cache_write_usd_per_million"],
    ["text", { ...cheap, input_usd_per_million: "1" }, "input_usd_per_million"],
    ["null where there must be a price", { ...cheap, output_usd_per_million: null }, "output_usd_per_million"],
    ["a field that there is none of", { ...cheap, request_usd: 1 }, "request_usd"],
  ])("is refused with %s, by the field's name", async (_, body, field) => {
    const answer = await api.call("PUT", "/prices/llama", body);
    expect([answer.status, answer.body.error.code, answer.body.error.field]).toEqual([422, "invalid_field", field]);
    expect((await of("llama")).override).toBeNull();
    expect(api.published).toEqual([]);
  });

  it("takes what has nine decimals, and comes back as it was given", async () => {
    const body = { input_usd_per_million: 999_999.123456789, output_usd_per_million: 0.000000001 };
    expect((await api.call("PUT", "/prices/llama", body)).body.override).toMatchObject(body);
    expect((await of("llama")).override).toMatchObject(body);
  });

  it("is in the audit log with who set it, from what to what; what changes nothing is not", async () => {
    const since = (await api.storage.audit.page({}, { limit: 1 })).rows[0]?.id ?? "";
    for (const input of [1, 1, 2]) await operator.call("PUT", "/prices/llama", { ...cheap, input_usd_per_million: input });
    await operator.call("DELETE", "/prices/llama");
    const { body } = await api.call("GET", "/audit?action=price&limit=100");
    const entries = body.data.filter(({ id }: { id: string }) => id > since);
    expect(entries.map(({ action }: { action: string }) => action)).toEqual(["price.delete", "price.set", "price.set"]);
    for (const entry of entries)
      expect(entry).toMatchObject({ actor: { name: "Olga" }, resource: { kind: "price", name: "llama" } });
    expect(entries[1]).toMatchObject({ before: { input_usd_per_million: 1 }, after: { input_usd_per_million: 2 } });
    expect(entries[0]).toMatchObject({ before: { input_usd_per_million: 2, cached_input_usd_per_million: null }, after: null });
  });

  it("is no member's to set", async () => {
    for (const method of ["PUT", "DELETE"]) expect((await member.call(method, "/prices/llama", cheap)).status).toBe(403);
    expect((await of("llama")).override).toBeNull();
  });
});
