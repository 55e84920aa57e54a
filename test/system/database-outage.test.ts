// Calls go on while the database is locked, gone, or not there at all, and the ledger has every one of them afterwards.
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type PostgresServer, startPostgres } from "../../scripts/services/postgres.mjs";
import { eventually } from "../support/eventually.ts";
import { createHome, type HeadgateProcess, type Home, runHeadgate, startHeadgateProcess } from "../support/headgate-process.ts";
import { ledgerProblems, settledLedger, usageProblems } from "../support/load/ledger-check.ts";
import { callerKeys, Load } from "../support/load/load.ts";
import { answerLoad } from "../support/load/load-provider.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { seededRandom } from "../support/random.ts";
import { lockSqlite } from "../support/sqlite-lock.ts";

const callers = 8;

let provider: Provider;
let seen: number[];
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider?.close());
beforeEach(() => {
  provider.reset();
  provider.models = ["loaded"];
  seen = answerLoad(provider);
});

async function newHome(): Promise<Home> {
  const home = await createHome();
  onTestFinished(() => home.remove());
  return home;
}

async function start(home: Home, env: Record<string, string> = {}): Promise<HeadgateProcess> {
  const config = {
    endpoints: [{ name: "prod", url: `${provider.url}/v1`, api_key: "provider-key", sync_interval: 0 }],
    keys: callerKeys(callers),
  };
  const headgate = await startHeadgateProcess({ home, config, env });
  onTestFinished(async () => void (await headgate.kill()));
  return headgate;
}

function newLoad(): Load {
  return new Load({ model: "loaded", callers, random: seededRandom(1), pauseMs: 10 });
}

async function whenDegraded(headgate: HeadgateProcess): Promise<void> {
  const { body } = await eventually(
    async () => {
      const answer = await headgate.readiness();
      expect(answer.status).toBe(200);
      return answer.body.status === "degraded" && answer;
    },
    { timeoutMs: 20_000 },
  );
  expect(body.reasons).toMatchObject([{ part: "database", since: expect.any(String), detail: expect.any(String) }]);
}

async function whenReady(headgate: HeadgateProcess): Promise<void> {
  await eventually(async () => (await headgate.readiness()).body.status === "ready", { timeoutMs: 20_000 });
}

/** Administration is refused in words, while what needs no database is there. */
async function expectNoDatabase(headgate: HeadgateProcess, requests: readonly [string, string, object?][]): Promise<void> {
  for (const [method, path, body] of requests) {
    const answer = await headgate.admin(method, path, body);
    expect([method, path, answer.status, answer.body.error?.code]).toEqual([method, path, 503, "database_unavailable"]);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  }
  const system = await headgate.admin("GET", "/system");
  expect(system.status).toBe(200);
  expect(system.body).toMatchObject({ status: "degraded", database: { state: "unavailable", detail: expect.any(String) } });
  expect(system.body.spool.accepting).toBe(true);
}

/** Resolves when so many more calls have been served. */
async function served(load: Load, more: number): Promise<void> {
  const before = load.served.length;
  await eventually(() => load.served.length >= before + more, { timeoutMs: 30_000, what: `${more} served calls` });
}

/** Every call was served, and the ledger has each exactly once with its own tokens. */
async function expectAllRecorded(headgate: HeadgateProcess, load: Load): Promise<void> {
  expect(load.failed).toEqual([]);
  const rows = await settledLedger(headgate, load.calls);
  expect(ledgerProblems(rows, load.calls, seen)).toEqual([]);
  expect(rows).toHaveLength(load.calls.length);
  expect(await usageProblems(headgate, rows)).toEqual([]);
}

test("SQLite locked by another process: no call fails, /readyz says so, and every row arrives after", {
  timeout: 90_000,
}, async () => {
  const headgate = await start(await newHome());
  const load = newLoad();
  await load.start(headgate.url);
  await served(load, 20);

  const unlock = await lockSqlite(join(headgate.home.dataDir, "headgate.db"));
  try {
    await whenDegraded(headgate);
    // Readers get past a writer's lock; what writes does not.
    await expectNoDatabase(headgate, [["POST", "/keys", { name: "late" }]]);
    const before = (await headgate.admin("GET", "/system")).body.spool.backlog_bytes;
    await served(load, 50);
    await eventually(async () => (await headgate.admin("GET", "/system")).body.spool.backlog_bytes > before);
  } finally {
    await unlock();
  }

  await whenReady(headgate);
  await load.stop();
  await expectAllRecorded(headgate, load);
  expect((await headgate.admin("POST", "/keys", { name: "late" })).status).toBe(201);
});

describe("PostgreSQL", () => {
  let server: PostgresServer;
  beforeEach(async () => {
    server = await startPostgres();
    return () => server.destroy();
  });

  const dataRoutes: [string, string, object?][] = [
    ["GET", "/endpoints"],
    ["GET", "/keys"],
    ["GET", "/requests"],
    ["GET", "/usage"],
    ["POST", "/keys", { name: "late" }],
  ];

  test("stopped under load: no call fails, /readyz says so, and every row arrives when it is back", {
    timeout: 90_000,
  }, async () => {
    const headgate = await start(await newHome(), { HEADGATE_DATABASE_URL: server.url });
    const load = newLoad();
    await load.start(headgate.url);
    await served(load, 20);

    await server.stop("immediate");
    await whenDegraded(headgate);
    await expectNoDatabase(headgate, dataRoutes);
    await served(load, 50);

    await server.start();
    await whenReady(headgate);
    await served(load, 10);
    await load.stop();
    await expectAllRecorded(headgate, load);
    expect((await headgate.admin("POST", "/keys", { name: "late" })).status).toBe(201);
  });

  test("down at the start: serves known keys from the snapshot on disk, and takes the database when it is there", {
    timeout: 90_000,
  }, async () => {
    const home = await newHome();
    const env = { HEADGATE_DATABASE_URL: server.url };
    const first = await start(home, env);
    const load = newLoad();
    await load.start(first.url);
    await served(load, 10);
    await load.stop();
    expect(await first.kill("SIGTERM")).toEqual({ code: 0, signal: null });

    await server.stop("immediate");
    const second = await start(home, env);
    await whenDegraded(second);
    await load.start(second.url);
    await served(load, 20);
    await expectNoDatabase(second, dataRoutes);
    const unknown = await fetch(`${second.url}/v1/models`, { headers: { authorization: "Bearer sk-hg-nobody-knows-this-one" } });
    expect(unknown.status).toBe(401);

    await server.start();
    await whenReady(second);
    await load.stop();
    await expectAllRecorded(second, load);
    expect((await second.admin("GET", "/endpoints")).body.data).toMatchObject([{ name: "prod", has_api_key: true }]);
    const { body } = await second.admin("POST", "/keys", { name: "late" });
    const late = await fetch(`${second.url}/v1/models`, { headers: { authorization: `Bearer ${body.key}` } });
    expect(late.status).toBe(200);
  });

  test("down at the very first start, with nothing on disk: refuses in words", { timeout: 60_000 }, async () => {
    await server.stop("immediate");
    const home = await newHome();
    const { exit, stderr, stdout } = await runHeadgate(["start"], { home, env: { HEADGATE_DATABASE_URL: server.url } });
    expect(exit).toEqual({ code: 1, signal: null });
    expect(stderr).toMatch(/^headgate: The database can't be reached: .*ECONNREFUSED/m);
    expect(stdout).toBe("");
  });

  test("another secret key than the database's, or none, is refused in words", { timeout: 90_000 }, async () => {
    const home = await newHome();
    const env = { HEADGATE_DATABASE_URL: server.url };
    const first = await start(home, env);
    await first.kill("SIGTERM");

    const other = "another-secret-key-that-is-also-long-enough";
    const wrong = await runHeadgate(["start"], { home, env: { ...env, HEADGATE_SECRET_KEY: other } });
    expect(wrong.exit).toEqual({ code: 1, signal: null });
    expect(wrong.stderr).toMatch(/^headgate: The secret key does not fit this database: .*HEADGATE_SECRET_KEY/m);
    const none = await runHeadgate(["start"], { home, env: { ...env, HEADGATE_SECRET_KEY: undefined } });
    expect(none.exit).toEqual({ code: 1, signal: null });
    expect(none.stderr).toMatch(/HEADGATE_SECRET_KEY is required with PostgreSQL/);
    expect(wrong.output + none.output).not.toContain(other);

    const right = await start(home, env);
    await whenReady(right);
  });
});

test("SQLite: another secret key than the database's is refused in words", { timeout: 90_000 }, async () => {
  const home = await newHome();
  const first = await start(home);
  await first.kill("SIGTERM");
  const wrong = await runHeadgate(["start"], {
    home,
    env: { HEADGATE_SECRET_KEY: "another-secret-key-that-is-also-long-enough" },
  });
  expect(wrong.exit).toEqual({ code: 1, signal: null });
  expect(wrong.stderr).toMatch(/^headgate: The secret key does not fit this database/m);
});
