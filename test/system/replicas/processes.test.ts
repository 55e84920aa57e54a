// Headgates as processes on one PostgreSQL: killed, restarted one after the other, and cut off from the database.
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { type PostgresServer, startPostgres } from "../../../scripts/services/postgres.mjs";
import { createPostgresDatabase } from "../../support/database.ts";
import { eventually } from "../../support/eventually.ts";
import {
  createHome,
  type HeadgateProcess,
  type Home,
  runHeadgate,
  startHeadgateProcess,
} from "../../support/headgate-process.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { quickestMs } from "../../support/quickest.ts";

const key = "key-of-the-replicas-test-0123456789";

let provider: Provider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider?.close());
beforeEach(() => {
  provider.reset();
  provider.models = ["m"];
});

async function newHome(): Promise<Home> {
  const home = await createHome();
  onTestFinished(() => home.remove());
  return home;
}

async function newDatabase(): Promise<string> {
  const database = await createPostgresDatabase();
  onTestFinished(() => database.drop());
  return database.url;
}

interface Options {
  home?: Home;
  syncInterval?: string | number;
  server?: Record<string, unknown>;
  env?: Record<string, string | undefined>;
}

async function start(databaseUrl: string, { home, syncInterval = 0, server = {}, env = {} }: Options = {}) {
  const config = {
    server,
    endpoints: [{ name: "prod", url: `${provider.url}/v1`, api_key: "provider-key", sync_interval: syncInterval }],
    keys: [{ name: "caller", key }],
  };
  const headgate = await startHeadgateProcess({
    home: home ?? (await newHome()),
    config,
    env: { HEADGATE_DATABASE_URL: databaseUrl, ...env },
  });
  onTestFinished(async () => void (await headgate.kill()));
  return headgate;
}

function call(headgate: HeadgateProcess, withKey = key): Promise<Response> {
  return fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${withKey}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "m", messages: [] }),
  });
}

async function statusOf(headgate: HeadgateProcess, withKey = key): Promise<number> {
  const response = await call(headgate, withKey);
  await response.arrayBuffer();
  return response.status;
}

/** How long after now the first check began that found it so, ms. */
async function timeUntil(check: () => Promise<boolean>): Promise<number> {
  const startedAt = performance.now();
  return eventually(async () => {
    const beganAt = performance.now();
    return (await check()) && Math.max(1, beganAt - startedAt);
  });
}

interface Replica {
  id: string;
  is_self: boolean;
  is_gone: boolean;
  holds: string[];
}

async function replicasOf(headgate: HeadgateProcess): Promise<Replica[]> {
  return (await headgate.admin("GET", "/system")).body.replicas;
}

async function holderOf(headgates: readonly HeadgateProcess[], work: string): Promise<HeadgateProcess> {
  return eventually(async () => {
    for (const each of headgates) {
      if ((await replicasOf(each)).some(({ is_self, holds }) => is_self && holds.includes(work))) return each;
    }
    return null;
  });
}

test("the scheduled work of one that is killed in the middle of it is done by another within fifteen seconds", async () => {
  const url = await newDatabase();
  // Without an answer, the holder is in the middle of a synchronisation from the start.
  provider.next({ kind: "hang", at: "before_headers" }, { times: Number.POSITIVE_INFINITY, match: () => true });
  const pair = [await start(url, { syncInterval: "1m" }), await start(url, { syncInterval: "1m" })];
  const holder = await holderOf(pair, "synchronizations");
  const heir = pair.find((each) => each !== holder) as HeadgateProcess;
  const { body } = await holder.admin("GET", "/endpoints");
  expect((await holder.admin("GET", `/endpoints/${body.data[0].id}/sync-runs`)).body.data).toEqual([]);
  provider.reset();
  provider.models = ["m"];
  const killedAt = Date.now();
  await holder.kill("SIGKILL");
  await eventually(async () => (await replicasOf(heir)).some(({ is_self, holds }) => is_self && holds.length === 5), {
    timeoutMs: 15_000,
    what: "the other one's taking over",
  });
  expect(Date.now() - killedAt).toBeLessThan(15_000);
  const runs = await eventually(
    async () => {
      const { data } = (await heir.admin("GET", `/endpoints/${body.data[0].id}/sync-runs`)).body;
      return data.length > 0 && data;
    },
    { timeoutMs: 15_000, what: "the synchronisation by the other one" },
  );
  expect(runs).toMatchObject([{ trigger: "schedule", status: "ok" }]);
  await eventually(async () => (await replicasOf(heir)).some(({ is_gone }) => is_gone), { timeoutMs: 15_000 });
  // Started again on its own directory, it is itself again: nothing is gone any more.
  const again = await start(url, { home: holder.home, syncInterval: "1m" });
  await eventually(
    async () => (await replicasOf(again)).length === 2 && (await replicasOf(again)).every(({ is_gone }) => !is_gone),
  );
}, 90_000);

test("PostgreSQL stopped for some seconds: both go on serving, and hear one another again", async () => {
  const server: PostgresServer = await startPostgres();
  onTestFinished(() => server.destroy());
  const pair = [await start(server.url), await start(server.url)] as const;
  const [a, b] = pair;
  for (const each of pair) await eventually(async () => (await statusOf(each)) === 200);
  await server.stop("immediate");
  for (const each of pair)
    await eventually(async () => (await each.readiness()).body.status === "degraded", { timeoutMs: 20_000 });
  const until = Date.now() + 6000;
  while (Date.now() < until) for (const each of pair) expect(await statusOf(each)).toBe(200);
  await server.start();
  for (const each of pair)
    await eventually(async () => (await each.readiness()).body.status === "ready", { timeoutMs: 30_000, what: "readiness" });
  const listening = async (headgate: HeadgateProcess) => {
    const response = await fetch(`${headgate.url}/metrics`, {
      headers: { authorization: "Bearer administrator-token-of-a-test-0123456789" },
    });
    return (await response.text()).includes("headgate_replica_listening 1");
  };
  for (const each of pair) await eventually(() => listening(each), { timeoutMs: 20_000, what: "listening again" });
  const ids: string[] = [];
  const keys: string[] = [];
  const madeAtA = async () => {
    const made = await eventually(async () => {
      const answer = await a.admin("POST", "/keys", { name: "after the outage" });
      return answer.status === 201 && answer.body;
    });
    ids.push(made.id);
    keys.push(made.key);
    return timeUntil(async () => (await statusOf(b, made.key)) === 200);
  };
  expect(await quickestMs(1000, madeAtA)).toBeLessThan(1000);
  const endedAtB = async () => {
    if (ids.length === 0) await madeAtA();
    await b.admin("DELETE", `/keys/${ids.pop()}`);
    const key = keys.pop() as string;
    return timeUntil(async () => (await statusOf(a, key)) === 401);
  };
  expect(await quickestMs(1000, endedAtB)).toBeLessThan(1000);
  // The work is somebody's again.
  await holderOf(pair, "synchronizations");
}, 120_000);

test("restarted one after the other under load, no call fails where a balancer heeds /readyz", async () => {
  const url = await newDatabase();
  // Long beside what the balancer takes to hear of it, even on a machine that stops for a second.
  const server = { drain_delay: "3s", drain_timeout: "10s" };
  const homes = [await newHome(), await newHome()] as const;
  const running: (HeadgateProcess | null)[] = [];
  for (const home of homes) running.push(await start(url, { home, server }));
  const inRotation = new Set<HeadgateProcess>(running.filter((each) => each !== null));
  const outcomes = new Map<string, number>();
  let isOver = false;
  // A balancer: asks every 200 ms who is ready, and sends calls to those in turn.
  const watching = (async () => {
    while (!isOver) {
      for (const each of running) {
        if (each === null) continue;
        const isReady = await each.readiness().then(
          ({ status }) => status === 200,
          () => false,
        );
        if (isReady) inRotation.add(each);
        else inRotation.delete(each);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  })();
  const callers = Array.from({ length: 6 }, async (_, index) => {
    for (let turn = index; !isOver; turn++) {
      const targets = [...inRotation];
      const target = targets[turn % targets.length];
      if (target !== undefined) {
        const outcome = await statusOf(target).then(String, (error: Error) => `${error.message} ${String(error.cause)}`);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
  for (const [index, home] of homes.entries()) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await eventually(() => inRotation.size === 2, { what: "both in rotation" });
    const exit = await (running[index] as HeadgateProcess).kill("SIGTERM");
    expect(exit.code).toBe(0);
    inRotation.delete(running[index] as HeadgateProcess);
    running[index] = null;
    running[index] = await start(url, { home, server });
  }
  await new Promise((resolve) => setTimeout(resolve, 1000));
  isOver = true;
  await Promise.all([watching, ...callers]);
  expect([...outcomes.keys()]).toEqual(["200"]);
  expect(outcomes.get("200")).toBeGreaterThan(200);
}, 120_000);

test("usage that one which is gone for good has left behind is brought in by a command, once however often it is run", async () => {
  const server: PostgresServer = await startPostgres();
  onTestFinished(() => server.destroy());
  const [lost, other] = [await start(server.url), await start(server.url)];
  await eventually(async () => (await statusOf(lost)) === 200);
  const env = { HEADGATE_DATABASE_URL: server.url };
  const refused = await runHeadgate(["import-spool", lost.home.dataDir], { home: other.home, env });
  expect([refused.exit.code, refused.stderr]).toEqual([1, expect.stringMatching(/in use by another Headgate/)]);
  const rotated = await runHeadgate(["rotate-secret"], {
    home: await newHome(),
    env: { ...env, HEADGATE_NEW_SECRET_KEY: "n".repeat(40) },
  });
  expect([rotated.exit.code, rotated.stderr]).toEqual([1, expect.stringMatching(/runs on this database/)]);
  const countOf = async () => {
    const { body } = await other.admin("GET", "/usage?from=2020-01-01");
    return body.data?.[0]?.requests ?? 0;
  };
  // what came before is none of what is left behind
  await eventually(async () => (await countOf()) > 0);
  await server.stop("immediate");
  for (let index = 0; index < 20; index++) expect(await statusOf(lost)).toBe(200);
  await lost.kill("SIGKILL");
  await server.start();
  await eventually(async () => (await other.readiness()).body.status === "ready", { timeoutMs: 30_000 });
  const before = await countOf();
  const imported = await runHeadgate(["import-spool", lost.home.dataDir], { home: other.home, env });
  expect([imported.exit.code, imported.stdout]).toEqual([
    0,
    expect.stringMatching(/^[1-9]\d* bytes of usage are in the database/),
  ]);
  expect(await countOf()).toBe(before + 20);
  const again = await runHeadgate(["import-spool", lost.home.dataDir], { home: other.home, env });
  expect([again.exit.code, again.stdout]).toEqual([0, expect.stringMatching(/^0 bytes/)]);
  expect(await countOf()).toBe(before + 20);
}, 120_000);
