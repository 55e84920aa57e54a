// First starts and later ones: what the config file seeds and when it is ignored, tokens, and one process per data folder (reference cases 7 and 8).
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import {
  createHome,
  type HeadgateProcess,
  type Home,
  type ProcessOptions,
  runHeadgate,
  startHeadgateProcess,
} from "../support/headgate-process.ts";
import { isModelList } from "../support/provider/usual-answer.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { quickestMs } from "../support/quickest.ts";
import { rawRequest } from "../support/raw-http.ts";

const providerKey = "sk-provider-of-the-restart-test";
const ciKey = "key-of-ci-0123456789";

let provider: Provider;
let home: Home;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider?.close());
beforeEach(async () => {
  provider.reset();
  provider.models = ["a", "b", "c"];
  const created = await createHome();
  home = created;
  // The first to be registered is the last to run: nothing writes there any more.
  onTestFinished(() => created.remove());
});

async function start(options: Omit<ProcessOptions, "home"> = {}): Promise<HeadgateProcess> {
  const headgate = await startHeadgateProcess({ home, ...options });
  onTestFinished(async () => void (await headgate.kill()));
  return headgate;
}

function endpointConfig() {
  return {
    name: "prod",
    url: `${provider.url}/v1`,
    api_key: "${PROVIDER_KEY}",
    auth_header_name: "X-Auth",
    auth_header_prefix: "Token ",
    headers: { "x-team": "research" },
    query: { "api-version": "2024-10-21" },
    models: ["a", "b"],
    aliases: { a: "alpha" },
  };
}

function call(headgate: HeadgateProcess, model: string, key = ciKey) {
  return rawRequest(headgate.url, {
    method: "POST",
    target: "/v1/chat/completions",
    headers: { authorization: `Bearer ${key}` },
    body: { model, messages: [] },
  });
}

const modelLists = () => provider.requests.filter(isModelList);

test("case 7: an endpoint of the config file works end to end from the first start on, and is synchronised once", async () => {
  const config = { endpoints: [endpointConfig()], keys: [{ name: "ci", key: "${CI_KEY}", models: ["alpha", "c"] }] };
  const headgate = await start({ config, env: { PROVIDER_KEY: providerKey, CI_KEY: ciKey } });

  expect((await call(headgate, "alpha")).status).toBe(200);
  const sent = provider.take();
  expect(sent.url).toBe("/v1/chat/completions?api-version=2024-10-21");
  expect(sent.json).toEqual({ model: "a", messages: [] });
  expect(sent.headers).toMatchObject({ "x-auth": `Token ${providerKey}`, "x-team": "research" });
  expect(sent.headers.authorization).toBeUndefined();
  expect((await call(headgate, "a")).status).toBe(404); // its public name is another
  expect((await call(headgate, "b")).status).toBe(404); // not this key's
  expect((await call(headgate, "c")).status).toBe(404); // not selected

  const [list] = modelLists();
  expect(modelLists()).toHaveLength(1);
  expect(list?.url).toBe("/v1/models?api-version=2024-10-21");
  expect(list?.headers).toMatchObject({ "x-auth": `Token ${providerKey}`, "x-team": "research" });
  const [endpoint] = (await headgate.admin("GET", "/endpoints")).body.data;
  expect(endpoint).toMatchObject({ name: "prod", origin: "config", status: "active", has_api_key: true, models: ["a", "b"] });
  const runs = (await headgate.admin("GET", `/endpoints/${endpoint.id}/sync-runs`)).body.data;
  expect(runs).toMatchObject([{ trigger: "seed", status: "ok", counts: { unchanged: 2, skipped: 1 } }]);
  expect(runs[0].models.find((model: { id: string }) => model.id === "c")?.outcome).toBe("skipped");
  const models = (await headgate.admin("GET", "/models")).body.data;
  expect(models.map((model: { name: string }) => model.name).sort()).toEqual(["alpha", "b"]);
});

test("a provider that is away at the first start holds nothing up: its pinned models work as soon as it is there", async () => {
  await provider.stop();
  try {
    const config = { endpoints: [endpointConfig()], keys: [{ name: "ci", key: ciKey }] };
    const headgate = await start({ config, env: { PROVIDER_KEY: providerKey } });
    const [endpoint] = (await headgate.admin("GET", "/endpoints")).body.data;
    expect(endpoint.last_sync).toMatchObject({ status: "failed", stage: "connect" });
    expect((await call(headgate, "alpha")).status).toBe(502);
    await provider.start();
    expect((await call(headgate, "alpha")).status).toBe(200);
    expect((await headgate.admin("POST", `/endpoints/${endpoint.id}/synchronize`)).body.status).toBe("ok");
  } finally {
    await provider.start();
  }
});

test("case 8: a restart with an edited config file changes nothing, says so, and asks the provider nothing", async () => {
  const config = { endpoints: [endpointConfig()], keys: [{ name: "ci", key: ciKey }] };
  const env = { PROVIDER_KEY: providerKey };
  const first = await start({ config, env });
  const stored = async (headgate: HeadgateProcess) => {
    const answers = await Promise.all(["/endpoints", "/models", "/keys"].map((path) => headgate.admin("GET", path)));
    return answers.map(({ body }) => body.data);
  };
  const before = await stored(first);
  expect(await first.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(first.stderr).not.toContain("ignored");

  provider.requests.length = 0;
  const edited = {
    endpoints: [
      { ...endpointConfig(), api_key: "sk-another", headers: {}, models: "all", aliases: { b: "beta" } },
      { name: "second", url: `${provider.url}/v1`, models: ["c"] },
    ],
    keys: [{ name: "late", key: "key-of-a-late-comer-0123456789" }],
    // every other section is read at each start
    server: { body_limit: "1kb" },
  };
  const second = await start({ config: edited, env });
  expect(await stored(second)).toEqual(before);
  // A log line is written within half a second.
  const saysSo = /"endpoints":2,"keys":1,"message":"the config file's endpoints and keys are ignored: /;
  await eventually(() => saysSo.test(second.stderr), { what: () => `the word of it in\n${second.stderr}` });
  expect((await call(second, "alpha")).status).toBe(200);
  expect(provider.take().headers["x-auth"]).toBe(`Token ${providerKey}`);
  expect((await call(second, "alpha", "key-of-a-late-comer-0123456789")).status).toBe(401);
  expect((await call(second, "x".repeat(2000))).status).toBe(413);
  expect(modelLists()).toHaveLength(0);
});

test("the first start prints an administrator token that works, later ones print none", async () => {
  const env = { HEADGATE_ADMIN_TOKEN: undefined };
  const first = await start({ env });
  const token = /^ {2}(sk-hg-[a-z0-9]+-[a-z0-9]+)$/m.exec(first.stdout)?.[1] as string;
  expect(token).toBeDefined();
  expect((await first.admin("GET", "/whoami", undefined, token)).body).toMatchObject({
    key_name: "first administrator",
    scopes: ["admin"],
  });
  expect((await first.admin("GET", "/whoami")).status).toBe(401);
  expect(await first.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  expect(first.stderr).not.toContain(token);

  const second = await start({ env });
  expect(second.output).not.toMatch(/sk-hg-|administrator token/i);
  expect((await second.admin("GET", "/whoami", undefined, token)).status).toBe(200);
});

test("admin create-token beside a running server makes a token that works within two seconds", async () => {
  const headgate = await start();
  let token = "";
  const tookMs = await quickestMs(2000, async () => {
    const { exit, stdout } = await runHeadgate(["admin", "create-token", "--name", "spare"], { home });
    const madeAt = Date.now();
    expect(exit).toEqual({ code: 0, signal: null });
    token = stdout.trim();
    await eventually(async () => (await headgate.admin("GET", "/whoami", undefined, token)).status === 200);
    return Date.now() - madeAt;
  });
  expect(tookMs).toBeLessThan(2000);
  expect((await headgate.admin("GET", "/whoami", undefined, token)).body).toMatchObject({ key_name: "spare" });
});

test("a data folder in use is refused in words, and whoever has it goes on", async () => {
  const first = await start();
  const { exit, stderr, stdout } = await runHeadgate(["start"], { home });
  expect(exit).toEqual({ code: 1, signal: null });
  expect(stderr).toContain(`headgate: The data directory ${home.dataDir} is in use by another Headgate process.`);
  expect(stdout).toBe("");
  expect((await first.readiness()).status).toBe(200);
  await first.kill("SIGKILL");
  expect((await (await start()).readiness()).status).toBe(200);
});

test("without HEADGATE_SECRET_KEY a key is made once, for the owner's eyes, and serves later starts", async () => {
  const env = { PROVIDER_KEY: providerKey, HEADGATE_SECRET_KEY: undefined };
  const config = { endpoints: [endpointConfig()], keys: [{ name: "ci", key: ciKey }] };
  const first = await start({ config, env });
  expect((await stat(join(home.dataDir, "secret.key"))).mode & 0o777).toBe(0o600);
  expect((await stat(home.dataDir)).mode & 0o777).toBe(0o700);
  await first.kill("SIGTERM");
  const second = await start({ env });
  expect((await call(second, "alpha")).status).toBe(200);
  expect(provider.take().headers["x-auth"]).toBe(`Token ${providerKey}`);
});
