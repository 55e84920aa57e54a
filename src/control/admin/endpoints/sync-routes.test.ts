// Validating and synchronising endpoints through the admin API.
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, adminToken, startAdminApi } from "../../../../test/support/admin-api.ts";
import { eventually } from "../../../../test/support/headgate.ts";
import { type Provider, startProvider } from "../../../../test/support/provider.ts";
import { selfSignedCertificate, selfSignedKey } from "../../../../test/support/self-signed-certificate.ts";

const canary = "sk-canary-provider-key-4712";

let api: AdminApiUnderTest;
let provider: Provider;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());
beforeEach(async () => {
  provider = await startProvider({ models: ["alpha", "beta", "gamma"] });
});
afterEach(async () => {
  for (const endpoint of (await api.call("GET", "/endpoints")).body.data) await api.call("DELETE", `/endpoints/${endpoint.id}`);
  await provider.close();
});

const register = async (body: object = {}) =>
  (await api.call("POST", "/endpoints", { name: "one", url: `${provider.url}/v1`, ...body })).body;
const validate = (body: object) => api.call("POST", "/endpoints/validate", body);
const synchronize = (id: string, query = "") => api.call("POST", `/endpoints/${id}/synchronize${query}`);
const statuses = async () =>
  Object.fromEntries(
    (await api.call("GET", "/models")).body.data.map((model: { name: string; status: string }) => [model.name, model.status]),
  );

describe("validating a connection", () => {
  it("reports the base URL that answers, and changes nothing", async () => {
    const answer = await validate({ url: provider.url, api_key: canary });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      ok: true,
      stage: "done",
      code: "ok",
      hint: null,
      effective_url: `${provider.url}/v1`,
      models: ["alpha", "beta", "gamma"],
    });
    expect(answer.body.latency_ms).toBeGreaterThanOrEqual(0);
    expect(answer.text).not.toContain(canary);
    expect((await api.call("GET", "/endpoints")).body.data).toEqual([]);
  });

  it("tells apart what can be wrong, within 10 s and never as a server error", { timeout: 40_000 }, async () => {
    const https = createServer({ key: selfSignedKey, cert: selfSignedCertificate }, (_request, response) => response.end("[]"));
    await new Promise<void>((resolve) => https.listen(0, "127.0.0.1", resolve));
    const closed = await startProvider();
    const scripted: [Parameters<Provider["next"]>[0] | null, Partial<Provider["settings"]>, string, string][] = [
      [null, { requireKey: "another" }, "auth", "unauthorized"],
      [{ kind: "answer", status: 404, body: { error: "nothing here" } }, {}, "http", "not_found"],
      [{ kind: "answer", status: 500, body: "oops" }, {}, "http", "http_error"],
      [{ kind: "answer", body: "<html>Welcome</html>" }, {}, "parse", "not_json"],
      [{ kind: "answer", body: { hello: "world" } }, {}, "parse", "not_a_list"],
      [{ kind: "hang", at: "before_headers" }, {}, "http", "timeout"],
      [null, { models: [] }, "empty", "no_models"],
    ];
    const urls: [string, string, string][] = [
      ["http://nobody.invalid/v1", "dns", "dns_failed"],
      [closed.url, "connect", "connection_refused"],
      [`https://localhost:${(https.address() as AddressInfo).port}/v1`, "tls", "certificate_invalid"],
    ];
    const providers: Provider[] = [];
    for (const [behaviour, settings, stage, code] of scripted) {
      const scriptedProvider = await startProvider(settings);
      if (behaviour !== null) scriptedProvider.next(behaviour, { times: Number.POSITIVE_INFINITY, match: () => true });
      providers.push(scriptedProvider);
      urls.push([`${scriptedProvider.url}/v1`, stage, code]);
    }
    // The last to go: its port is not given to another.
    await closed.close();
    const startedAt = Date.now();
    const answers = await Promise.all(urls.map(([url]) => validate({ url, api_key: canary })));
    expect(Date.now() - startedAt).toBeLessThan(20_000); // the limit is 10 s; a loaded machine may be late to notice
    for (const [index, [url, stage, code]] of urls.entries()) {
      const { status, body, text } = answers[index] as (typeof answers)[number];
      expect([url, status, body.ok, body.stage, body.code]).toEqual([url, 200, false, stage, code]);
      expect(body.message.length).toBeGreaterThan(0);
      expect(body.hint.length).toBeGreaterThan(0);
      expect(text).not.toContain(canary);
    }
    await Promise.all(providers.map((scriptedProvider) => scriptedProvider.close()));
    https.close();
  });

  it("a registered endpoint is tried with its stored key, and with fields given beside it in their place", async () => {
    provider.settings.requireKey = canary;
    const { id } = await register({ api_key: canary, headers: { "x-team": "research" } });
    const stored = await validate({ endpoint_id: id });
    expect(stored.body).toMatchObject({ ok: true, models: ["alpha", "beta", "gamma"] });
    expect(stored.text).not.toContain(canary);
    expect(provider.requests.at(-1)?.headers).toMatchObject({ authorization: `Bearer ${canary}`, "x-team": "research" });
    expect((await validate({ endpoint_id: id, api_key: "sk-other" })).body).toMatchObject({ ok: false, stage: "auth" });
    expect((await validate({ endpoint_id: id, api_key: null })).body).toMatchObject({ ok: false, stage: "auth" });
    await validate({ endpoint_id: id, headers: { "x-team": "sales" } });
    expect(provider.requests.at(-1)?.headers["x-team"]).toBe("sales");
    expect((await validate({ endpoint_id: id, url: `${provider.url}/nowhere` })).body.ok).toBe(false);
    expect((await api.call("GET", `/endpoints/${id}`)).body).toMatchObject({ url: `${provider.url}/v1`, version: 1 });
  });

  it("names the field of anything that is not allowed", async () => {
    for (const [body, field] of [
      [{}, "url"],
      [{ url: "not a url" }, "url"],
      [{ endpoint_id: "ep_unknown" }, "endpoint_id"],
      [{ url: "http://h", api_key: "a\nb" }, "api_key"],
      [{ url: "http://h", colour: "red" }, "colour"],
    ] as const) {
      const answer = await validate(body);
      expect([body, answer.status, answer.body.error?.field]).toEqual([body, 422, field]);
    }
  });
});

describe("synchronising", () => {
  it("adds what is new, takes offline what is gone, and brings back what returns", async () => {
    const { id } = await register();
    provider.models = ["alpha", "beta", "delta"];
    const run = await synchronize(id);
    expect(run.status).toBe(200);
    expect(run.body).toMatchObject({
      trigger: "manual",
      status: "ok",
      stage: "done",
      error: null,
      counts: { added: 1, returned: 0, offline: 1, conflict: 0, skipped: 0, unchanged: 2 },
    });
    expect(run.body.models).toContainEqual({ id: "delta", outcome: "added", detail: null });
    expect(await statuses()).toEqual({ alpha: "active", beta: "active", delta: "active", gamma: "offline" });
    const gamma = (await api.call("GET", "/models")).body.data.find((model: { name: string }) => model.name === "gamma");
    expect(gamma.deployments[0]).toMatchObject({ status: "offline", reason: expect.any(String), since: expect.any(String) });
    expect(api.published.at(-1)).toBe("routing");
    provider.models = ["alpha", "beta", "gamma", "delta"];
    expect((await synchronize(id)).body.counts).toMatchObject({ returned: 1 });
    expect(await statuses()).toEqual({ alpha: "active", beta: "active", delta: "active", gamma: "active" });
    expect((await synchronize("ep_unknown")).status).toBe(404);
  });

  it("reports what is available but not selected", async () => {
    const { id } = await register({ models: ["alpha"] });
    const { body } = await synchronize(id);
    expect(body.models).toContainEqual({ id: "beta", outcome: "skipped", detail: "available, not selected" });
    expect(await statuses()).toEqual({ alpha: "active" });
  });

  it("a dry run says what would happen and changes and records nothing", async () => {
    const { id } = await register();
    provider.models = ["alpha", "delta"];
    const dry = await synchronize(id, "?dry_run=true");
    expect(dry.body.counts).toMatchObject({ added: 1, offline: 2 });
    expect(await statuses()).toEqual({ alpha: "active", beta: "active", gamma: "active" });
    expect((await api.call("GET", `/endpoints/${id}/sync-runs`)).body.data).toHaveLength(1);
    const unclear = await synchronize(id, "?dry_run=maybe");
    expect([unclear.status, unclear.body.error.field]).toEqual([422, "dry_run"]);
  });

  it("a failed or empty listing changes no model and is recorded with its stage; confirm makes the loss real", async () => {
    const { id } = await register();
    provider.next({ kind: "answer", status: 500, body: "oops" }, { match: () => true });
    expect((await synchronize(id)).body).toMatchObject({ status: "failed", stage: "http", models: [] });
    provider.models = [];
    expect((await synchronize(id)).body).toMatchObject({ status: "guarded", stage: "empty" });
    expect(await statuses()).toEqual({ alpha: "active", beta: "active", gamma: "active" });
    const runs = (await api.call("GET", `/endpoints/${id}/sync-runs`)).body.data;
    expect(runs.map((run: { status: string; trigger: string }) => [run.trigger, run.status])).toEqual([
      ["manual", "guarded"],
      ["manual", "failed"],
      ["create", "ok"],
    ]);
    expect((await api.call("GET", `/endpoints/${id}`)).body.last_sync).toMatchObject({ id: runs[0].id, status: "guarded" });
    expect((await synchronize(id, "?confirm=true")).body).toMatchObject({ status: "ok", counts: { offline: 3 } });
    expect((await api.call("GET", `/endpoints/${id}`)).body.status).toBe("offline");
  });

  it("two at once are one run", async () => {
    const { id } = await register();
    const asked = provider.requests.length;
    provider.on("/v1/models", async (_request, usual) => {
      // Once later requests are answered, both have been asked for.
      for (let turn = 0; turn < 3; turn++) await api.call("GET", `/endpoints/${id}`);
      return usual();
    });
    const [first, second] = await Promise.all([synchronize(id), synchronize(id)]);
    expect(first?.body.id).toBe(second?.body.id);
    expect(provider.requests.length).toBe(asked + 1);
  });

  it("its history is listed page by page, newest first", async () => {
    const { id } = await register();
    await synchronize(id);
    await synchronize(id);
    const first = (await api.call("GET", `/endpoints/${id}/sync-runs?limit=2`)).body;
    const second = (await api.call("GET", `/endpoints/${id}/sync-runs?limit=2&cursor=${encodeURIComponent(first.next_cursor)}`))
      .body;
    const triggers = [...first.data, ...second.data].map((run: { trigger: string }) => run.trigger);
    expect([triggers, second.next_cursor]).toEqual([["manual", "manual", "create"], null]);
    expect(second.data[0].models).toHaveLength(3);
    expect((await api.call("GET", "/endpoints/ep_unknown/sync-runs")).status).toBe(404);
  });
});

describe("adding a model by hand", () => {
  const add = (id: string, body: object) => api.call("POST", `/endpoints/${id}/models`, body);

  it("makes a static deployment that synchronisations leave alone", async () => {
    const { id } = await register();
    const answer = await add(id, { model: "unlisted", alias: "support-bot" });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      name: "support-bot",
      kind: "pool",
      status: "active",
      deployments: [{ endpoint: "one", endpoint_id: id, upstream_model: "unlisted", status: "active", source: "static" }],
    });
    expect(api.published.at(-1)).toBe("routing");
    const { body: run } = await synchronize(id);
    expect(run.models).toContainEqual({ id: "unlisted", outcome: "skipped", detail: expect.stringContaining("static") });
    expect((await statuses())["support-bot"]).toBe("active");
  });

  it("works for a provider that has no list at all", async () => {
    provider.settings.basePaths = ["/elsewhere"];
    const { id } = await register();
    await add(id, { model: "only-one" });
    expect((await synchronize(id)).body).toMatchObject({ status: "failed" });
    expect((await api.call("GET", `/endpoints/${id}`)).body).toMatchObject({ status: "active", model_counts: { active: 1 } });
  });

  it("uses the endpoint's alias, joins the pool of the name, and keeps the name when aliases change", async () => {
    const { id } = await register({ aliases: { unlisted: "from-config" } });
    expect((await add(id, { model: "unlisted" })).body.name).toBe("from-config");
    const other = await register({ name: "two", sync: false });
    expect((await add(other.id, { model: "whatever", alias: "alpha" })).body.deployments).toHaveLength(2);
    await api.call("PATCH", `/endpoints/${other.id}`, { aliases: { unrelated: "x" } });
    expect((await api.call("GET", `/endpoints/${other.id}`)).body.aliases).toEqual({ whatever: "alpha", unrelated: "x" });
    expect((await statuses()).alpha).toBe("active");
    expect((await api.call("GET", "/models")).body.data[0].deployments).toHaveLength(2);
  });

  it("conflicts are 409 and write nothing", async () => {
    const { id } = await register();
    const twice = await add(id, { model: "alpha" });
    expect([twice.status, twice.body.error.code, twice.body.error.field]).toEqual([409, "name_conflict", "model"]);
    const taken = await add(id, { model: "unlisted", alias: "beta" });
    expect([taken.status, taken.body.error.code]).toEqual([409, "alias_conflict"]);
    expect(taken.body.error.conflicts).toEqual([{ model: "unlisted", alias: "beta", reason: expect.any(String) }]);
    expect(Object.keys(await statuses())).toEqual(["alpha", "beta", "gamma"]);
    for (const [body, field] of [
      [{}, "model"],
      [{ model: "" }, "model"],
      [{ model: "a", alias: "" }, "alias"],
      [{ model: "a", limits: {} }, "limits"],
    ] as const) {
      const answer = await add(id, body);
      expect([body, answer.status, answer.body.error?.field]).toEqual([body, 422, field]);
    }
    expect((await add("ep_unknown", { model: "a" })).status).toBe(404);
  });
});

describe("a synchronisation that is under way", () => {
  it("shows in the endpoint, goes on when whoever asked has gone, and is recorded", async () => {
    const { id } = await register();
    expect((await api.call("GET", `/endpoints/${id}`)).body.sync_in_progress).toBeNull();
    let list = () => {};
    const listed = new Promise<void>((resolve) => {
      list = resolve;
    });
    provider.models = ["alpha", "delta"];
    provider.on("/v1/models", async (_request, usual) => {
      await listed;
      return usual();
    });
    const beforeMs = Date.now();
    const browser = new AbortController();
    const asked = fetch(`${api.url}/endpoints/${id}/synchronize`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}` },
      signal: browser.signal,
    });
    asked.catch(() => {});
    const shown = await eventually(async () => (await api.call("GET", `/endpoints/${id}`)).body.sync_in_progress);
    expect(shown).toEqual({ trigger: "manual", started_at: expect.any(String), stage: "listing" });
    expect(Date.parse(shown.started_at)).toBeGreaterThanOrEqual(beforeMs);
    expect((await api.call("GET", "/endpoints")).body.data[0].sync_in_progress).toEqual(shown);
    browser.abort();
    await expect(asked).rejects.toThrow();
    list();
    const over = await eventually(async () => {
      const { body } = await api.call("GET", `/endpoints/${id}`);
      return body.sync_in_progress === null && body.last_sync.trigger === "manual" ? body : null;
    });
    expect(over.last_sync).toMatchObject({ status: "ok", counts: { added: 1, offline: 2 }, started_at: shown.started_at });
  });

  it("does not show when it only tries what would happen", async () => {
    const { id } = await register();
    let seen: unknown;
    provider.on("/v1/models", async (_request, usual) => {
      seen = (await api.call("GET", `/endpoints/${id}`)).body.sync_in_progress;
      return usual();
    });
    expect((await synchronize(id, "?dry_run=true")).status).toBe(200);
    expect(seen).toBeNull();
    expect((await synchronize(id)).status).toBe(200);
    expect(seen).toMatchObject({ trigger: "manual", stage: "listing" });
  });
});
