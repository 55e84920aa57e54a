// The manifest's server in all its moods, while Headgate serves and when it starts: callers notice nothing once a copy is there.
import { mkdtemp, rm } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { type Headgate, type HeadgateOptions, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "../../support/manifest-server.ts";
import { globusPerson, type MockGlobus, startMockGlobus } from "../../support/mock-globus.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { chatPath, type DirectGateway, directGateway, guideVariables, openaiKey, userToken } from "./direct-gateway.ts";
import { freePort } from "./free-port.ts";

let provider: Provider;
let manifest: ManifestServer;
let globus: MockGlobus;
let dataDir: string;
/** All that the test has started: before their data goes, they do. */
let started: Headgate[];
beforeEach(async () => {
  started = [];
  [provider, manifest, globus] = await Promise.all([startProvider(), startManifestServer(), startMockGlobus()]);
  globus.tokens.set(userToken, globusPerson("u@uni.edu"));
  dataDir = await mkdtemp(join(tmpdir(), "headgate-test-"));
  return async () => {
    await Promise.all(started.map((headgate) => headgate.stop()));
    await Promise.all([provider.close(), manifest.close(), globus.stop()]);
    await rm(dataDir, { recursive: true, force: true });
  };
});

const good = () => ({ one: manifestEntry({ url: provider.url, experts: ["gpt-4"] }) });

/** On the same data each time. */
async function start({ env, ...options }: HeadgateOptions = {}): Promise<DirectGateway> {
  const variables = { ...guideVariables(manifest, globus), HEADGATE_MANIFEST_INTERVAL: "1h", ...env };
  const headgate = await startHeadgate({ dataDir, env: variables, ...options });
  started.push(headgate);
  return directGateway(headgate, manifest, globus);
}

async function readyz(url: string): Promise<{ status: number; body: LooseJson }> {
  const answer = await rawRequest(url, { target: "/readyz" });
  return { status: answer.status, body: answer.json };
}

async function metricsOf({ headgate }: DirectGateway): Promise<string> {
  const headers = { authorization: `Bearer ${headgate.adminToken}` };
  return (await rawRequest(headgate.url, { target: "/metrics", headers })).text;
}

/** Nothing that a caller gets says where the manifest is. */
function expectNoLocation({ text, rawHeaders }: RawResponse): void {
  expect(text + rawHeaders.join()).not.toContain(new URL(manifest.url).host);
  expect(text + rawHeaders.join()).not.toContain("status.json");
}

describe("case 16: after one good load, what becomes of the manifest's server is nothing to callers", () => {
  const moods: Record<string, [stage: string, answer: (response: ServerResponse) => void]> = {
    "answers 500": ["http", (response) => response.writeHead(500).end("oops")],
    "answers 404": ["http", (response) => response.writeHead(404).end("{}")],
    redirects: ["http", (response) => response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()],
    "sends no JSON": ["parse", (response) => response.end("<html>")],
    "sends half of it": ["parse", (response) => response.end('{"one": {"status": "Live"')],
    "sends an array": ["parse", (response) => response.end("[]")],
    "sends nothing": ["parse", (response) => response.end("")],
    "cuts the connection": ["connect", (response) => response.destroy()],
  };

  test.each(Object.entries(moods))("it %s", async (_mood, [stage, answer]) => {
    manifest.serve(good());
    const gateway = await start();
    manifest.answer((_request, response) => answer(response));
    const { status, body } = await gateway.refresh();
    expect([status, body.status]).toEqual([200, "stale"]);
    expect(body.last_error).toEqual({ at: expect.stringMatching(/^20/), stage: expect.any(String), detail: expect.any(String) });
    if (stage !== "connect") expect(body.last_error.stage).toBe(stage);
    expect(body.age_seconds).toBeGreaterThanOrEqual(0);
    expect(body.entries).toHaveLength(1);

    expect((await gateway.chat("gpt-4")).status).toBe(200);
    const jobs = await gateway.get("/resource_server/metis/jobs");
    expect(jobs.json.running).toHaveLength(1);
    expectNoLocation(jobs);
    const ready = await readyz(gateway.headgate.url);
    expect([ready.status, ready.body.status]).toEqual([200, "degraded"]);
    expect(ready.body.reasons).toEqual([
      {
        part: "manifest:metis",
        since: expect.stringMatching(/^20/),
        detail: expect.stringContaining("the last good copy is in use"),
      },
    ]);
    expect(JSON.stringify(ready.body)).not.toContain(new URL(manifest.url).host);
    const metrics = await metricsOf(gateway);
    expect(metrics).toMatch(/^headgate_manifest_up\{manifest="metis"\} 0$/m);
    expect(metrics).toMatch(/^headgate_manifest_age_seconds\{manifest="metis"\} \d+$/m);

    await gateway.serve(good());
    expect((await readyz(gateway.headgate.url)).body).toEqual({ status: "ready", reasons: [] });
    expect(await metricsOf(gateway)).toMatch(/^headgate_manifest_up\{manifest="metis"\} 1$/m);
  });

  test("it never answers: calls don't wait for it, whether the fetch is under way or given up", async () => {
    manifest.serve(good());
    const gateway = await start();
    manifest.answer(() => {});
    let isUnderWay = true;
    const refreshed = gateway.refresh().finally(() => {
      isUnderWay = false;
    });
    await eventually(() => manifest.requests.length === 2);
    for (let call = 0; call < 20; call++) expect((await gateway.chat("gpt-4")).status).toBe(200);
    expect(isUnderWay).toBe(true);
    const { body } = await refreshed;
    expect([body.status, body.last_error.stage]).toEqual(["stale", "http"]);
    expect((await gateway.chat("gpt-4")).status).toBe(200);
  });

  test("one bad entry drops itself alone, and the admin API says why", async () => {
    manifest.serve(good());
    const gateway = await start();
    const bad = { two: { status: "Live", url: "ftp://x", experts: ["x"] }, three: null, four: manifestEntry({ experts: [] }) };
    await gateway.serve({ ...bad, ...good() });
    expect((await gateway.chat("gpt-4")).status).toBe(200);
    const { entries, status } = (await gateway.headgate.admin("GET", "/manifests")).body.data[0];
    expect(status).toBe("ok");
    expect(entries.map(({ key, status: of, error }: LooseJson) => `${key} ${of} ${error !== null}`).sort()).toEqual([
      "four dropped true",
      "one live false",
      "three dropped true",
      "two dropped true",
    ]);
    expect((await gateway.get("/resource_server/metis/jobs")).json.cluster_status.total_models).toBe(1);
  });
});

describe("case 17: a manifest that was never loaded", () => {
  test("503 manifest_unavailable with retry-after, and no word of where it should be; then it comes", async () => {
    await manifest.setUp(false);
    const gateway = await start();
    for (const answer of [await gateway.chat("gpt-4"), await gateway.get("/resource_server/metis/jobs")]) {
      expect([answer.status, answer.json.error.code]).toEqual([503, "manifest_unavailable"]);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expectNoLocation(answer);
    }
    expect((await gateway.get("/resource_server/status", {})).json).toEqual({ metis: false });
    expect((await gateway.get("/resource_server/list-endpoints")).json).toEqual({ clusters: {} });
    const ready = await readyz(gateway.headgate.url);
    expect([ready.status, ready.body.status, ready.body.reasons[0].part]).toEqual([200, "degraded", "manifest:metis"]);
    expect(JSON.stringify(ready.body)).not.toContain(new URL(manifest.url).host);
    expect((await gateway.headgate.admin("GET", "/manifests")).body.data[0]).toMatchObject({
      status: "never_loaded",
      last_success_at: null,
      age_seconds: null,
    });

    manifest.serve(good());
    await manifest.setUp(true);
    // by itself: the interval is an hour
    await eventually(async () => (await gateway.chat("gpt-4")).status === 200, { timeoutMs: 15_000 });
  });
});

describe("case 18: 100 concurrent calls at a cold start with a slow manifest server", () => {
  test("cause one fetch, get 503 manifest_unavailable meanwhile, and 200 afterwards", async () => {
    const waiting: (() => void)[] = [];
    manifest.answer((_request, response) => waiting.push(() => response.end(JSON.stringify(good()))));
    const port = await freePort();
    const started = start({ config: { server: { port, overload_lag: "10s" } } });
    const url = `http://127.0.0.1:${port}`;
    const call = () =>
      rawRequest(url, {
        method: "POST",
        target: chatPath,
        headers: { authorization: `Bearer ${userToken}` },
        body: { model: "gpt-4", messages: [] },
      });
    // From the first moment at which it answers: never that the model does not exist.
    const early = new Set<string>();
    await eventually(
      async () => {
        const answer = await call().catch(() => null);
        if (answer !== null) early.add(`${answer.status} ${answer.json.error?.code}`);
        return waiting.length > 0;
      },
      { everyMs: 1, timeoutMs: 20_000 },
    );
    for (const seen of early) expect(["503 starting", "503 manifest_unavailable"]).toContain(seen);

    const answers = await Promise.all(Array.from({ length: 100 }, call));
    for (const answer of answers) {
      expect([answer.status, answer.json.error.code]).toEqual([503, "manifest_unavailable"]);
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      expectNoLocation(answer);
    }
    expect(manifest.requests).toHaveLength(1);
    expect(globus.count("introspect")).toBe(1);

    for (const answer of waiting) answer();
    await started;
    const afterwards = await Promise.all(Array.from({ length: 100 }, call));
    for (const answer of afterwards) expect(answer.status).toBe(200);
    expect(manifest.requests).toHaveLength(1);
    expect(provider.calls).toHaveLength(100);
  });

  test("refreshes on demand share one fetch, too", async () => {
    manifest.serve(good());
    const gateway = await start({ config: { server: { overload_lag: "10s" } } });
    const waiting: (() => void)[] = [];
    manifest.answer((_request, response) => waiting.push(() => response.end(JSON.stringify(good()))));
    const refreshes = Array.from({ length: 20 }, () => gateway.refresh());
    await eventually(() => waiting.length > 0);
    const answers = await Promise.all(Array.from({ length: 100 }, () => gateway.chat("gpt-4")));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(manifest.requests.length).toBeLessThanOrEqual(3);
    expect(waiting).toHaveLength(1);
    // whoever asks later than this one's end gets another
    manifest.serve(good());
    for (const answer of waiting) answer();
    for (const { status } of await Promise.all(refreshes)) expect(status).toBe(200);
  });
});

describe("restarts", () => {
  test("with the manifest's server dead, the stored copy is served, and /readyz says degraded, manifest:metis", async () => {
    manifest.serve(good());
    const first = await start();
    expect((await first.chat("gpt-4")).status).toBe(200);
    await first.headgate.stop();
    await manifest.setUp(false);

    const second = await start();
    const answer = await second.chat("gpt-4");
    expect([answer.status, answer.headers["x-headgate-endpoint"]]).toEqual([200, "metis"]);
    expect(provider.calls.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${openaiKey}`, `Bearer ${openaiKey}`]);
    // The start waits for no fetch when there is a copy.
    const { status, body } = await eventually(async () => {
      const ready = await readyz(second.headgate.url);
      return ready.body.status === "degraded" && ready;
    });
    expect(status).toBe(200);
    expect(body.reasons.map(({ part }: LooseJson) => part)).toEqual(["manifest:metis"]);
    expect((await second.headgate.admin("GET", "/manifests")).body.data[0]).toMatchObject({
      status: "stale",
      last_error: { detail: expect.any(String) },
      entries: [{ key: "one", status: "live", models: ["gpt-4"] }],
    });
    expect((await second.get("/resource_server/metis/jobs")).json.running).toHaveLength(1);
  });

  test("with the manifest's server hanging, the start does not wait for it: calls are served from the stored copy", async () => {
    manifest.serve(good());
    const first = await start();
    await first.headgate.stop();
    manifest.answer(() => {});
    const second = await start();
    expect((await readyz(second.headgate.url)).body.status).toBe("ready");
    expect((await second.chat("gpt-4")).status).toBe(200);
    await eventually(async () => manifest.requests.length > 1);
  });

  test("with other keys: those of today are sent, also with the stored copy", async () => {
    manifest.serve(good());
    await (await start()).headgate.stop();
    await manifest.setUp(false);
    const rotated = await start({ env: { METIS_API_TOKENS: '{"openai-production": "sk-proj-rotated"}' } });
    expect((await rotated.chat("gpt-4")).status).toBe(200);
    expect(provider.take().headers.authorization).toBe("Bearer sk-proj-rotated");
    await rotated.headgate.stop();

    const without = await start({ env: { METIS_API_TOKENS: '{"another": "sk-proj-rotated"}' } });
    expect((await without.chat("gpt-4")).json.error.code).toBe("endpoint_misconfigured");
    expect(provider.calls).toHaveLength(1);
  });

  test("without METIS_STATUS_URL: its models are gone", async () => {
    manifest.serve(good());
    await (await start()).headgate.stop();
    const without = await start({ env: { METIS_STATUS_URL: "" } });
    expect((await without.chat("gpt-4")).json.error.code).toBe("model_not_found");
    expect((await without.get("/resource_server/metis/jobs")).status).toBe(404);
    expect((await without.headgate.admin("GET", "/manifests")).body.data).toEqual([]);
  });
});
