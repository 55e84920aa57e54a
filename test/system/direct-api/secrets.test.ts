// What must stay inside: from callers where an entry is and what it is called, from everybody all keys and tokens.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { Canaries } from "../../support/canaries.ts";
import { CommandProcess } from "../../support/command-process.ts";
import { eventually } from "../../support/eventually.ts";
import { manifestEntry, startManifestServer } from "../../support/manifest-server.ts";
import { globusPerson, startMockGlobus } from "../../support/mock-globus.ts";
import { type Behaviour, credentialEchoes } from "../../support/provider/behaviour.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { type RawRequest, rawRequest } from "../../support/raw-http.ts";
import { chatPath, guideVariables, startDirectGateway, userToken } from "./direct-gateway.ts";

let canaries: Canaries;
let provider: Provider;
beforeEach(async () => {
  canaries = new Canaries();
  provider = await startProvider({ basePaths: [""] });
});
afterEach(() => provider.close());

const base = "/resource_server/metis/api/v1";
const surface = ["health", "status", "whoami", "list-endpoints", "metis/jobs", "metis/api/v1/models", "nothing", "metis/nothing"];
const listings = [...surface.map((path) => `/resource_server/${path}`), "/v1/models", "/v1/models/gpt-4", "/livez", "/readyz"];

/** Every way for the provider to go wrong, the tactless ones included. */
function mishaps(credential: string): (Behaviour | "down")[] {
  const answers = (status: number): Behaviour => ({
    kind: "answer",
    status,
    headers: { "content-type": "application/json", "retry-after": "1" },
    body: `{"error":{"message":"bad key ${credential}"}}`,
  });
  return [
    { kind: "headers", headers: credentialEchoes },
    ...[400, 401, 403, 404, 429, 500, 503].map(answers),
    { kind: "answer", status: 302, headers: { location: "http://elsewhere.invalid/" } },
    { kind: "answer", status: 401, chunks: [`no key ${credential.slice(0, 12)}`, credential.slice(12)], everyMs: 30 },
    { kind: "reset", at: "before_headers" },
    { kind: "reset", at: 1 },
    { kind: "hang", at: "before_headers" },
    { kind: "error_event", afterChunks: 0 },
    "down",
  ];
}

test("case 28: no caller learns an entry's URL, key, endpoint_id or headers from any answer", { timeout: 60_000 }, async () => {
  const key = canaries.create("provider-key");
  const endpoint_id = canaries.create("endpoint-id");
  const common = { endpoint_id, url: `${provider.url}/${canaries.create("url-path")}/v1` };
  const others = { headers: { "x-team": canaries.create("header") }, query: { "api-version": canaries.create("query") } };
  const name = canaries.create("entry-name");
  const entry = (fields: object) => manifestEntry({ ...common, ...others, ...fields });
  const gateway = await startDirectGateway({
    manifest: {
      [name]: entry({ experts: ["gpt-4"] }),
      [`${name}-closed`]: entry({ experts: ["closed"], groups: ["research"] }),
      [`${name}-resting`]: entry({ experts: ["resting"], status: "Maintenance" }),
      [`${name}-gone`]: entry({ experts: ["gone"], status: "Offline" }),
      [`${name}-odd`]: entry({ experts: ["odd"], status: canaries.create("status") }),
      [`${name}-keyless`]: entry({ experts: ["keyless"], endpoint_id: canaries.create("missing-id") }),
      [`${name}-dropped`]: { url: common.url, status: 5 },
    },
    tokens: { [endpoint_id]: key },
    config: { timeouts: { first_byte: "300ms", total: "2s" } },
  });
  const { headgate } = gateway;
  const group = (await headgate.admin("POST", "/groups", { name: "research" })).body;
  const credentials = [
    null,
    "nobody's-token",
    userToken,
    await headgate.createKey({ name: "inside", group_id: group.id }),
    await headgate.createKey({ name: "outside" }),
    await headgate.createKey({ name: "narrow", models: ["nothing"] }),
  ];
  let count = 0;
  const leaks: string[] = [];
  const ask = async (credential: string | null, request: RawRequest & { headers?: Record<string, string> }): Promise<number> => {
    const headers = { ...(credential !== null && { authorization: `Bearer ${credential}` }), ...request.headers };
    const answer = await rawRequest(headgate.url, { ...request, headers });
    const said = `${answer.rawHeaders.join("\n")}\n${answer.text}`;
    const what = `${request.method ?? "GET"} ${request.target} ${JSON.stringify(request.body)} → ${answer.status}`;
    for (const found of canaries.foundIn(said)) leaks.push(`${what}: ${found}`);
    for (const place of [`127.0.0.1:${provider.port}`, new URL(gateway.manifest.url).host, gateway.globus.url.slice(7)]) {
      if (said.includes(place)) leaks.push(`${what}: ${place}`);
    }
    count++;
    return answer.status;
  };
  const models = ["gpt-4", "closed", "resting", "gone", "odd", "keyless", "unknown"];
  for (const credential of credentials) {
    for (const target of listings) {
      for (const method of ["GET", "HEAD", "PUT"]) await ask(credential, { method, target });
      await ask(credential, { target, headers: { "anthropic-version": "2023-06-01" } });
    }
    for (const model of models) {
      for (const path of ["/chat/completions", "/messages"]) {
        for (const stream of [false, true]) {
          await ask(credential, { method: "POST", target: base + path, body: { model, stream, messages: [], max_tokens: 5 } });
        }
      }
    }
  }
  expect(canaries.foundIn(JSON.stringify(provider.calls.map(({ url, headers }) => [url, headers])))).toEqual(
    expect.arrayContaining(["provider-key (first half)", "url-path (first half)", "header (first half)", "query (first half)"]),
  );
  for (const misfortune of mishaps(key)) {
    for (const stream of [false, true]) {
      if (misfortune === "down") await provider.stop();
      else provider.next(misfortune);
      await ask(userToken, { method: "POST", target: chatPath, body: { model: "gpt-4", stream, messages: [] } });
      provider.reset();
    }
  }
  gateway.manifest.answer((_request, response) => response.writeHead(500).end(name));
  await gateway.refresh();
  for (const credential of credentials) for (const target of listings) await ask(credential, { target });
  expect(count).toBeGreaterThan(400);
  expect(leaks).toEqual([]);
});

test("case 35: with the log at debug, no key and no token gets into log, answers, metrics, admin API or files, and no prompt into a log", {
  timeout: 90_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "headgate-secrets-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const contents = new Canaries();
  const keys = { "openai-production": canaries.create("provider-key"), unused: canaries.create("unused-key") };
  const clientSecret = canaries.create("globus-secret");
  const [manifest, globus] = await Promise.all([startManifestServer(), startMockGlobus({ clientSecret })]);
  onTestFinished(async () => {
    await Promise.all([manifest.close(), globus.stop()]);
  });
  const prompt = contents.create("prompt");
  provider.settings.text = contents.create("answer");
  const good = { one: manifestEntry({ url: provider.url, experts: ["gpt-4", "gpt-4o-mini"] }) };
  manifest.serve(good);
  const person = (name: string, changes: object = {}) => {
    const token = canaries.create(`token-of-${name}`);
    globus.tokens.set(token, globusPerson(`${name}@uni.edu`, { groups: [{ id: "g1", name: "G" }], ...changes }));
    return token;
  };
  const [alice, bob] = [person("alice"), person("bob")];
  const refused = [
    person("carol", { groups: [] }),
    person("dave", { active: false }),
    person("erin", { exp: 1 }),
    canaries.create("unknown-token"),
  ];

  const adminToken = canaries.create("admin-token");
  const env = {
    ...guideVariables(manifest, globus, keys),
    METIS_STATUS_URL: manifest.url.replace("//", `//reader:${canaries.create("manifest-password")}@`),
    HEADGATE_MANIFEST_HEADERS: JSON.stringify({ "x-manifest-key": canaries.create("manifest-header") }),
    GLOBUS_GROUPS: "g1",
    HEADGATE_LOG_LEVEL: "debug",
    HEADGATE_ADMIN_TOKEN: adminToken,
    HEADGATE_PORT: "0",
    HEADGATE_DATA_DIR: join(folder, "data"),
  };
  const headgate = new CommandProcess(["start"], { cwd: folder, env });
  onTestFinished(() => headgate.destroy());
  const url = await headgate.ready();

  const leaks: string[] = [];
  let answers = 0;
  const ask = async (credential: string, request: RawRequest, where = [canaries]) => {
    const answer = await rawRequest(url, { ...request, headers: { authorization: `Bearer ${credential}` } });
    const said = `${answer.rawHeaders.join("\n")}\n${answer.text}`;
    for (const found of where.flatMap((one) => one.foundIn(said))) leaks.push(`${request.target} → ${answer.status}: ${found}`);
    answers++;
    return answer;
  };
  const chat = (credential: string, stream = false) => {
    const body = { model: "gpt-4", stream, messages: [{ role: "user", content: prompt }] };
    return ask(credential, { method: "POST", target: chatPath, body });
  };
  const admin = (method: string, path: string, body?: object) =>
    ask(adminToken, { method, target: `/admin/api/v1${path}`, ...(body && { body }) }, [canaries, contents]);

  for (const token of [alice, bob]) {
    for (const target of listings) await ask(token, { target });
    expect((await chat(token)).text).toContain(provider.settings.text);
    expect((await chat(token, true)).status).toBe(200);
  }
  expect((await Promise.all(refused.map((token) => chat(token)))).map(({ status }) => status)).toEqual([403, 401, 401, 401]);

  // Globus goes wrong, and repeats all that it was told.
  for (const call of ["introspect", "dependentToken", "groups"] as const) {
    for (const status of [200, 400, 401, 500]) {
      const token = person(`frank-${call}-${status}`);
      const body = `{"error": "${token} ${clientSecret} groups-token-for-${token}"`;
      globus.failures.set(call, { status, body });
      expect([401, 403, 503]).toContain((await chat(token)).status);
    }
    globus.failures.clear();
  }
  // So does the manifest's server, and the provider.
  const { id } = (await admin("GET", "/manifests")).json.data[0];
  for (const status of [200, 401, 500]) {
    manifest.answer(({ headers }, response) => response.writeHead(status).end(`{ ${JSON.stringify(headers)}`));
    expect((await admin("POST", `/manifests/${id}/refresh`)).json.status).toBe("stale");
  }
  manifest.serve({ ...good, bad: { status: 5 } });
  await admin("POST", `/manifests/${id}/refresh`);
  for (const mishap of mishaps(keys["openai-production"])) {
    if (mishap === "down") await provider.stop();
    else if (typeof mishap === "object" && mishap.kind === "hang") continue;
    else provider.next(mishap);
    await chat(alice);
    await provider.start();
  }

  await eventually(async () => (await admin("GET", "/requests?limit=1000")).json.data.length > 10);
  await eventually(async () => (await admin("GET", "/users")).json.data.length >= 2);
  const endpointId = (await admin("GET", "/endpoints")).json.data[0].id;
  expect((await admin("POST", "/endpoints/validate", { endpoint_id: endpointId })).status).toBe(200);
  for (const path of [
    "/models",
    "/keys",
    "/groups",
    "/users",
    "/manifests",
    "/system",
    "/usage?group_by=user,model",
    "/whoami",
  ]) {
    expect((await admin("GET", path)).status).toBe(200);
  }
  const metrics = await ask(adminToken, { target: "/metrics" }, [canaries, contents]);
  expect(metrics.text).toContain("headgate_manifest_up");

  // Were they there, they would be found: all of them have been where they belong.
  const outside = JSON.stringify([globus.requests, manifest.requests, provider.requests.map(({ headers }) => headers)]);
  const basic = Buffer.from(`${globus.clientId}:${clientSecret}`).toString("base64");
  expect(outside).toContain(basic);
  for (const token of [alice, bob, keys["openai-production"]])
    expect(canaries.foundIn(outside).join()).toContain(token.split("-")[0]);
  expect(contents.foundIn(provider.requests.map(({ text }) => text).join())).toContain("prompt (first half)");

  const inFiles = async () => [
    ...(await canaries.foundInFiles(join(folder, "data"))),
    ...(await contents.foundInFiles(join(folder, "data"))),
  ];
  expect(await inFiles()).toEqual([]);
  headgate.signal("SIGTERM");
  expect(await headgate.exited).toBe(0);
  expect(await inFiles()).toEqual([]);
  const log = headgate.out + headgate.err;
  expect(log.match(/"message":"request"/g)?.length).toBeGreaterThan(40);
  expect([...canaries.foundIn(log), ...contents.foundIn(log)]).toEqual([]);
  expect(answers).toBeGreaterThan(60);
  expect(leaks).toEqual([]);
});
