// Secrets that must stay where they belong: out of every log line, answer, metric, file and database byte, whatever goes wrong.
import { readdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Canaries } from "../support/canaries.ts";
import { createPostgresDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { createHome, type HeadgateProcess, type Home, runHeadgate, startHeadgateProcess } from "../support/headgate-process.ts";
import { credentialEchoes } from "../support/provider/behaviour.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { type RawRequest, rawRequest } from "../support/raw-http.ts";

let canaries: Canaries;
let provider: Provider;
let home: Home;
beforeEach(async () => {
  canaries = new Canaries();
  provider = await startProvider({ models: ["m", "m-2"] });
  home = await createHome();
});
afterEach(async () => {
  await provider.close();
  await home.remove();
});

/** Everything that was said to anyone, for one look at the end: what, and its whole text. */
class Answers {
  readonly #seen: { what: string; text: string }[] = [];

  add(what: string, text: string): void {
    this.#seen.push({ what, text });
  }

  get count(): number {
    return this.#seen.length;
  }

  leaks(): string[] {
    return this.#seen.flatMap(({ what, text }) => canaries.foundIn(text).map((name) => `${what}: ${name}`));
  }
}

/** A server that answers every connection with the very bytes it got: the least tactful endpoint there is. */
async function startEcho(): Promise<string> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (data) => socket.end(data));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/v1`;
}

/** Every column of every table, as text. */
async function dumpPostgres(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const tables = await client.query(
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'public'",
    );
    const rows: string[] = [];
    for (const { name } of tables.rows) {
      for (const { row } of (await client.query(`select t::text as row from ${name} t`)).rows) rows.push(`${name} ${row}`);
    }
    return rows.join("\n");
  } finally {
    await client.end();
  }
}

interface Secrets {
  adminToken: string;
  secretKey: string;
  providerKey: string;
  seededKey: string;
}

describe.each(["sqlite", "postgres"] as const)("a running server on %s", (engine) => {
  let secrets: Secrets;
  let databaseUrl: string | null;
  let headgate: HeadgateProcess;
  let answers: Answers;

  beforeEach(async () => {
    answers = new Answers();
    secrets = {
      adminToken: canaries.create("admin-token"),
      secretKey: canaries.create("secret-key"),
      providerKey: canaries.create("provider-key"),
      seededKey: canaries.create("seeded-key"),
    };
    const database = engine === "postgres" ? await createPostgresDatabase() : null;
    databaseUrl = database?.url ?? null;
    const env: Record<string, string> = {
      HEADGATE_ADMIN_TOKEN: secrets.adminToken,
      HEADGATE_SECRET_KEY: secrets.secretKey,
      PROVIDER_KEY: secrets.providerKey,
      SEEDED_KEY: secrets.seededKey,
    };
    if (databaseUrl !== null) {
      // the server trusts whoever comes, so that the password may be a canary too
      const url = new URL(databaseUrl);
      url.password = canaries.create("database-password");
      env.HEADGATE_DATABASE_URL = url.href;
    }
    // Models of its own, so that no other call has to be that quick.
    const timeouts = { first_byte: "300ms", idle: "300ms" };
    const aliases = { m: "hasty-m", "m-2": "hasty-m-2" };
    const prod = { url: `${provider.url}/v1`, api_key: "${PROVIDER_KEY}" };
    headgate = await startHeadgateProcess({
      home,
      env,
      config: {
        log: { level: "debug" },
        endpoints: [
          { name: "prod", ...prod },
          { name: "hasty", ...prod, timeouts, aliases },
        ],
        keys: [{ name: "seeded", key: "${SEEDED_KEY}", scopes: ["inference", "passthrough"] }],
      },
    });
    return async () => {
      await headgate.kill();
      await database?.drop();
    };
  });

  async function admin(method: string, path: string, body?: unknown) {
    const answer = await headgate.admin(method, path, body, secrets.adminToken);
    answers.add(`${method} ${path} → ${answer.status}`, `${[...answer.headers].join("\n")}\n${answer.text}`);
    return answer;
  }

  async function call(request: Partial<RawRequest> = {}, key = secrets.seededKey) {
    const target = request.target ?? "/v1/chat/completions";
    const answer = await rawRequest(headgate.url, {
      method: "POST",
      body: { model: "m", messages: [{ role: "user", content: "hi" }] },
      ...request,
      target,
      headers: { authorization: `Bearer ${key}`, ...(request.headers as Record<string, string> | undefined) },
    });
    answers.add(`${target} → ${answer.status}`, `${answer.rawHeaders.join("\n")}\n${answer.text}`);
    return answer;
  }

  const stream = { body: { model: "m", stream: true, messages: [] } };
  const hastyStream = { body: { ...stream.body, model: "hasty-m" } };

  async function makeCalls(): Promise<void> {
    expect((await call()).status).toBe(200);
    expect((await call(stream)).status).toBe(200);
    expect((await call({ target: "/v1/messages", body: { model: "m", max_tokens: 5, messages: [] } })).status).toBe(200);
    expect(
      (await call({ method: "GET", target: `/v1/models?key=${canaries.create("key-in-a-query")}`, body: undefined })).status,
    ).toBe(200);
    expect((await call({ target: "/v1/nowhere/../else" })).status).toBe(400);
    expect((await call({ headers: { "x-headgate-timeout": "soon" } })).status).toBe(400);
    expect((await call({ body: '{"model":"m",' })).status).toBe(400);
    expect((await call({ body: { model: "unknown" } })).status).toBe(404);
    expect((await call({}, canaries.create("unknown-key"))).status).toBe(401);
    expect((await call({ headers: { authorization: `Basic ${canaries.create("basic-credential")}` } })).status).toBe(401);
    expect((await call({ headers: { authorization: `Bearer ${canaries.create("odd-key")} \u00e9` } })).status).toBe(401);

    const echoed = (status: number, headers = {}) =>
      provider.next({
        kind: "answer",
        status,
        headers: { "content-type": "application/json", ...headers },
        body: `{"error":"bad key ${secrets.providerKey}!"}`,
      });
    for (const status of [400, 401, 403, 429, 500]) {
      echoed(status);
      expect((await call()).text).toBe('{"error":"bad key [secret]!"}');
    }
    echoed(302, { location: `http://elsewhere.invalid/?key=${secrets.providerKey}` });
    expect((await call()).status).toBe(502);
    provider.next({ kind: "headers", headers: credentialEchoes });
    expect((await call()).status).toBe(200);
    // in two pieces, so that neither holds the whole key
    const [start, end] = [secrets.providerKey.slice(0, 20), secrets.providerKey.slice(20)];
    provider.next({ kind: "answer", status: 401, chunks: [`no such key: ${start}`, `${end}.`], everyMs: 30 });
    expect((await call()).text).toBe("no such key: [secret].");

    provider.next({ kind: "hang", at: "before_headers" });
    expect((await call(hastyStream)).status).toBe(504);
    provider.next({ kind: "reset", at: "before_headers" });
    expect((await call()).status).toBe(502);
    provider.next({ kind: "stall", afterChunks: 2 });
    expect((await call(hastyStream)).text).toContain("upstream_timeout");
    provider.next({ kind: "reset", at: 2 });
    expect((await call(stream)).text).toContain("upstream_interrupted");
    await provider.stop();
    expect((await call()).status).toBe(502);
    await provider.start();
  }

  async function administer(): Promise<void> {
    const endpoint = { url: `${provider.url}/v1`, api_key: canaries.create("key-of-a-second-endpoint") };
    const aliases = { m: "second-m", "m-2": "second-m-2" };
    const second = await admin("POST", "/endpoints", { name: "second", ...endpoint, aliases });
    expect(second.status).toBe(201);
    expect((await call({ body: { model: "second-m", messages: [] } })).status).toBe(200);
    expect((await admin("PATCH", `/endpoints/${second.body.id}`, { api_key: canaries.create("patched-key") })).status).toBe(200);
    expect((await call({ body: { model: "second-m", messages: [] } })).status).toBe(200);

    const manifest = await admin("POST", "/manifests", {
      name: "followed",
      url: `${provider.url.replace("//", `//reader:${canaries.create("manifest-password")}@`)}/status.json`,
      headers: { "x-manifest-key": canaries.create("manifest-header") },
      tokens: { a: canaries.create("manifest-token") },
    });
    expect(manifest.status).toBe(201);
    expect((await admin("DELETE", `/manifests/${manifest.body.id}`)).status).toBe(204);

    // Every way for a provider to fail while it is asked for its models, with its key in what it says.
    const tell = (status: number) =>
      provider.next({ kind: "answer", status, body: `{"error":"bad key ${endpoint.api_key}"}` }, { match: "/v1/models" });
    for (const status of [401, 404, 500, 200]) {
      tell(status);
      expect((await admin("POST", "/endpoints/validate", endpoint)).body.ok).toBe(false);
    }
    tell(401);
    await admin("POST", `/endpoints/${second.body.id}/synchronize`);
    await admin("GET", `/endpoints/${second.body.id}/sync-runs`);
    const echo = await startEcho();
    for (const url of [
      "http://no-such-host.invalid/v1",
      "http://127.0.0.1:1/v1",
      `${provider.url.replace("http:", "https:")}/v1`,
      "http://169.254.169.254/v1",
      echo,
    ]) {
      expect((await admin("POST", "/endpoints/validate", { ...endpoint, url })).body.ok).toBe(false);
    }
    const tactless = await admin("POST", "/endpoints", {
      name: "echo",
      url: echo,
      api_key: canaries.create("key-of-an-echo"),
      models: ["echoed"],
    });
    expect(tactless.status).toBe(201);
    await admin("POST", `/endpoints/${tactless.body.id}/models`, { model: "echoed-static" });
    expect((await call({ body: { model: "echoed-static", messages: [] } })).status).toBe(502);

    // What is wrong is named, never quoted.
    const bad = canaries.create("bad-key");
    for (const body of [
      { name: "bad", url: endpoint.url, api_key: `${bad}\nx` },
      { name: "bad", url: endpoint.url, api_key: `${bad}\u0000` },
      { name: "bad", url: endpoint.url, api_key: { key: bad } },
      { name: "bad", url: endpoint.url, api_key: [bad] },
      { name: "bad", url: endpoint.url, api_kye: bad },
      { name: "bad", url: `http://user:${bad}@127.0.0.1/v1` },
      { name: "bad", url: `http://127.0.0.1/v1?key=${bad}` },
      { name: "bad", url: endpoint.url, auth_header_prefix: `${bad}\n` },
      { name: "bad", url: endpoint.url, headers: { authorization: bad } },
      { name: "bad", url: endpoint.url, headers: { "x-key": `${bad}\n` } },
    ]) {
      expect((await admin("POST", "/endpoints", body)).status).toBe(422);
      expect((await admin("PATCH", `/endpoints/${second.body.id}`, { ...body, name: "second" })).status).toBe(422);
      const { name: _, ...connection } = body;
      expect((await admin("POST", "/endpoints/validate", connection)).status).toBe(422);
    }
    expect((await admin("POST", "/endpoints", { name: "second", url: endpoint.url, api_key: bad })).status).toBe(409);
    const broken = await fetch(`${headgate.url}/admin/api/v1/endpoints`, {
      method: "POST",
      headers: { authorization: `Bearer ${secrets.adminToken}` },
      body: `{"api_key": "${bad}`,
    });
    expect(broken.status).toBe(400);
    answers.add("broken JSON", await broken.text());
    for (const token of [canaries.create("unknown-admin-token"), secrets.seededKey]) {
      const refused = await headgate.admin("GET", "/endpoints", undefined, token);
      expect([401, 403]).toContain(refused.status);
      answers.add("refused administrator", refused.text);
    }
  }

  /** Made and rotated through the API, which shows each once; used, and then taken back. */
  async function useGeneratedKeys(): Promise<void> {
    const created = await headgate.admin("POST", "/keys", { name: "made" }, secrets.adminToken);
    const rotated = await headgate.admin("POST", `/keys/${created.body.id}/rotate`, { overlap_seconds: 60 }, secrets.adminToken);
    const secretPart = (key: string) => key.split("-").at(-1) as string;
    for (const [name, { body, text }] of Object.entries({ "created-key": created, "rotated-key": rotated })) {
      canaries.watch(name, secretPart(body.key));
      expect(canaries.foundIn(text)).toContain(`${name} (first half)`);
      answers.add(name, text.replace(body.key, ""));
      expect((await call({}, body.key)).status).toBe(200);
    }
    await admin("DELETE", `/keys/${created.body.id}`);
    expect((await call({}, rotated.body.key)).status).toBe(401);
  }

  async function lookAround(): Promise<void> {
    for (const path of [
      "/endpoints",
      "/models",
      "/keys",
      "/requests",
      "/usage?group_by=model,endpoint,key",
      "/audit?limit=1000",
      "/audit/export?format=json",
      "/system",
      "/whoami",
      "/openapi.json",
    ]) {
      expect((await admin("GET", path)).status).toBe(200);
    }
    // The log of changes tells of all that had to do with a secret, and that one has changed.
    const { data: entries } = (await admin("GET", "/audit?limit=1000")).body;
    const actions = entries.map(({ action }: { action: string }) => action);
    for (const action of [
      "endpoint.create",
      "endpoint.update",
      "endpoint.synchronize",
      "endpoint.add_model",
      "manifest.create",
    ]) {
      expect(actions).toContain(action);
    }
    expect(entries).toContainEqual(expect.objectContaining({ before: { api_key: "[secret]" }, after: { api_key: "[secret]" } }));
    for (const path of ["/metrics", "/admin/api/v1/audit/export?format=csv"]) {
      const answer = await fetch(headgate.url + path, { headers: { authorization: `Bearer ${secrets.adminToken}` } });
      expect(answer.status).toBe(200);
      answers.add(path, await answer.text());
    }
    answers.add("/readyz", JSON.stringify(await headgate.readiness()));
  }

  test("tells none of its secrets to anyone, and keeps none of them readable", { timeout: 60_000 }, async () => {
    await makeCalls();
    await administer();
    await useGeneratedKeys();
    await eventually(
      async () => (await headgate.admin("GET", "/requests?model=m", undefined, secrets.adminToken)).body.data.length > 5,
    );
    await lookAround();

    // First of all: were they there, they would be found. The provider got its keys, whole.
    const upstream = JSON.stringify(provider.requests.map((request) => request.headers));
    expect(canaries.foundIn(upstream)).toEqual(
      expect.arrayContaining(["provider-key (first half)", "provider-key (second half)", "patched-key (first half)"]),
    );
    expect(canaries.foundIn(Buffer.from(`user:${secrets.seededKey}`).toString("base64"))).toHaveLength(1);
    expect(
      canaries.foundIn(JSON.stringify(provider.requests.map((request) => [request.headers, request.text]))).join(),
    ).not.toMatch(/seeded-key|admin-token|created-key/);

    const isFileDatabase = engine === "sqlite";
    if (databaseUrl !== null) answers.add("database", await dumpPostgres(databaseUrl));
    // While it runs: the spool and SQLite's write-ahead log are at their fullest.
    expect(await canaries.foundInFiles(home.dataDir)).toEqual([]);
    expect((await headgate.kill("SIGTERM")).code).toBe(0);
    expect(await canaries.foundInFiles(home.dataDir)).toEqual([]);
    expect((await readdir(home.dataDir)).filter((name) => name === "headgate.db")).toHaveLength(isFileDatabase ? 1 : 0);
    expect(await readdir(home.dataDir)).toContain("snapshot.enc");

    answers.add("standard error", headgate.stderr);
    // The first administrator's token is shown here once, and nowhere else.
    const firstToken = /^ {2}(sk-hg-\S+)$/m.exec(headgate.stdout)?.[1] as string;
    canaries.watch("first-token", firstToken.split("-").at(-1) as string);
    answers.add("standard output", headgate.stdout.replaceAll(firstToken, ""));
    expect(await canaries.foundInFiles(home.dataDir)).toEqual([]);

    expect(headgate.stderr.match(/"message":"request"/g)?.length).toBeGreaterThan(25);
    expect(answers.count).toBeGreaterThan(80);
    expect(answers.leaks()).toEqual([]);
  });
});

describe("the command line", () => {
  test.each([
    [
      "a key with a line break",
      (secret: string) => `endpoints: [{ name: a, url: "http://127.0.0.1:1/v1", api_key: "${secret}\\nx" }]`,
    ],
    ["a key that is a list", (secret: string) => `endpoints: [{ name: a, url: "http://127.0.0.1:1/v1", api_key: [${secret}] }]`],
    [
      "a key under an unknown name",
      (secret: string) => `endpoints: [{ name: a, url: "http://127.0.0.1:1/v1", apikey: ${secret} }]`,
    ],
    [
      "a password in an endpoint's URL",
      (secret: string) => `endpoints: [{ name: a, url: "http://user:${secret}@127.0.0.1:1/v1" }]`,
    ],
    [
      "a password in a database URL of another kind",
      (secret: string) => `database: { url: "mysql://user:${secret}@127.0.0.1/x" }`,
    ],
    [
      "a password in a database URL that nobody answers",
      (secret: string) => `database: { url: "postgres://user:${secret}@127.0.0.1:1/x" }`,
    ],
    ["broken YAML behind a key", (secret: string) => `keys:\n  - { name: a, key: ${secret}\n  b: "`],
    ["a key where a section belongs", (secret: string) => `server: ${secret}`],
    ["the same key twice", (secret: string) => `keys: [{ name: a, key: ${secret} }, { name: b, key: ${secret} }]`],
  ])("names %s without quoting it", async (_name, config) => {
    const secret = canaries.create("config-secret");
    await writeFile(home.configPath, config(secret));
    for (const command of ["start", "check"]) {
      const { exit, output } = await runHeadgate([command], { home, env: { HEADGATE_LOG_LEVEL: "debug" } });
      expect([command, exit.code]).toEqual([command, 1]);
      expect(output.length).toBeGreaterThan(20);
      expect(canaries.foundIn(output)).toEqual([]);
    }
  });

  test("check talks to endpoints without telling their keys", async () => {
    const secret = canaries.create("provider-key");
    provider.settings.requireKey = "another";
    provider.next({ kind: "answer", status: 401, body: `{"error":"bad key ${secret}"}` }, { match: "/v1/models", times: 5 });
    const config = { endpoints: [{ name: "prod", url: `${provider.url}/v1`, api_key: secret }] };
    const { output } = await runHeadgate(["check"], { home, config, env: { HEADGATE_LOG_LEVEL: "debug" } });
    expect(JSON.stringify(provider.requests.map((request) => request.headers))).toContain(secret);
    expect(output).toContain("prod");
    expect(canaries.foundIn(output)).toEqual([]);
  });
});
