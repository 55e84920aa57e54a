// Redis that is killed, frozen or slow under load: nobody waits longer than the deadline, everybody goes on within the share, and it is taken back soon.
import { afterEach, describe, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../../../../scripts/services/redis.mjs";
import { untilConnected } from "../../../../test/support/lease-hosts.ts";
import { demandOf, FakeLedger, mostWithin } from "../../../../test/support/shared-processes.ts";
import { systemClock } from "../../../core/clock.ts";
import { Secret } from "../../../core/secret.ts";
import type { Budget } from "../../../domain/limits.ts";
import { RedisAuthority } from "../redis/redis-authority.ts";
import type { ExchangeState } from "./lease-exchange.ts";
import { LeasedAllowances } from "./leased-allowances.ts";

const timeoutMs = 40;
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Running {
  process: LeasedAllowances;
  states: ExchangeState["status"][];
}

async function run(server: RedisServer, processId: string, processes = 1): Promise<Running> {
  const authority = new RedisAuthority({ url: new Secret(server.url) });
  await untilConnected(authority);
  const states: ExchangeState["status"][] = [];
  const process = new LeasedAllowances({
    authority,
    processId,
    reader: new FakeLedger(),
    clock: systemClock,
    timeoutMs,
    processes,
    onState: ({ status }) => states.push(status),
  });
  await process.start();
  ends.push(() => process.stop());
  return { process, states };
}

async function newServer(options: { keepsData?: boolean } = {}): Promise<RedisServer> {
  const server = await startRedis(options);
  ends.push(() => server.destroy());
  return server;
}

const budget: Budget = { limitNanoUsd: 1e12, period: "total", timeZone: "UTC", unpriced: "deny" };

/** Calls for so long, 200 a second; how long each `reserve` took, and when it was admitted. */
async function load({ process }: Running, forMs: number, requestsPerMinute: number) {
  const took: number[] = [];
  const admitted: number[] = [];
  let refused = 0;
  const until = performance.now() + forMs;
  while (performance.now() < until) {
    const startedAt = performance.now();
    const limits = { requestsPerMinute, concurrentRequests: 50, tokensPerMinute: 10_000_000, budget };
    const answer = await process.reserve(demandOf(limits, { costNanoUsd: 1000, tokens: 100 }), Date.now());
    took.push(performance.now() - startedAt);
    if (answer.kind === "reserved") {
      admitted.push(performance.now());
      answer.settle({ tokens: 50, costNanoUsd: 500 }, Date.now());
    } else refused++;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  took.sort((a, b) => a - b);
  return { p99Ms: took[Math.floor(took.length * 0.99)] as number, admitted, refused };
}

async function until(check: () => boolean, withinMs: number): Promise<number> {
  const startedAt = performance.now();
  while (!check()) {
    expect(performance.now() - startedAt).toBeLessThan(withinMs);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedAt;
}

describe.each([
  { how: "killed", begin: (server: RedisServer) => server.stop({ crash: true }), end: (server: RedisServer) => server.start() },
  { how: "frozen", begin: async (server: RedisServer) => server.pause(), end: async (server: RedisServer) => server.resume() },
])("Redis $how under load", ({ begin, end }) => {
  test("calls go on, nobody waits longer than the deadline, and it is back within 2 s", async () => {
    const server = await newServer();
    const one = await run(server, "p1");
    await one.process.ensure([{ subject: "key:key_a", budget }]);
    await load(one, 500, 100_000);
    const [during] = await Promise.all([load(one, 2500, 100_000), begin(server)]);
    expect(during.refused).toBe(0);
    expect(during.p99Ms).toBeLessThanOrEqual(timeoutMs + 20);
    expect(one.states.at(-1)).toBe("away");
    await end(server);
    expect(await until(() => one.states.at(-1) === "ok", 5000)).toBeLessThan(2500);
    expect((await load(one, 1000, 100_000)).refused).toBe(0);
    expect(one.states).toEqual(["ok", "away", "ok"]);
  });

  test("what was admitted meanwhile counts: never more than the limit in all, before, during and after", async () => {
    const server = await newServer();
    const one = await run(server, "p1");
    await load(one, 300, 150);
    await begin(server);
    const before = await load(one, 600, 150);
    await end(server);
    await until(() => one.states.at(-1) === "ok", 5000);
    const after = await load(one, 1500, 150);
    const times = [...before.admitted, ...after.admitted];
    expect(mostWithin(times, 60_000)).toBeLessThanOrEqual(150);
    expect(after.refused).toBeGreaterThan(0);
  });
});

test("of two processes each has half while Redis is away", async () => {
  const server = await newServer();
  const [one, two] = [await run(server, "p1"), await run(server, "p2")];
  await until(() => one.process.processes === 2 && two.process.processes === 2, 5000);
  await server.stop({ crash: true });
  await until(() => one.states.at(-1) === "away" && two.states.at(-1) === "away", 5000);
  for (const { process } of [one, two]) {
    let admitted = 0;
    for (let call = 0; call < 100; call++) {
      if ((await process.reserve(demandOf({ requestsPerMinute: 60 }), Date.now())).kind === "reserved") admitted++;
    }
    expect(admitted).toBe(30);
  }
});

test("a start while Redis is away works from the share of the processes that were known", async () => {
  const server = await newServer();
  await server.stop({ crash: true });
  const authority = new RedisAuthority({ url: new Secret(server.url) });
  const process = new LeasedAllowances({
    authority,
    processId: "p1",
    reader: new FakeLedger(),
    clock: systemClock,
    timeoutMs,
    processes: 4,
  });
  ends.push(() => process.stop());
  await process.start();
  let admitted = 0;
  for (let call = 0; call < 100; call++) {
    if ((await process.reserve(demandOf({ requestsPerMinute: 100 }), Date.now())).kind === "reserved") admitted++;
  }
  expect(admitted).toBe(25);
});
