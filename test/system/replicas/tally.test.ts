// The providers' own books against Headgate's, to the token and the nano-dollar: mixed calls of both SDKs over three replicas, of which
// some are killed, while PostgreSQL and Redis go away for a time.
//
// HEADGATE_TALLY_CALLS (default 1,500) and HEADGATE_TALLY_OUTAGE_SECONDS (default 6) make it longer.
import { expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../../scripts/services/postgres.mjs";
import { startRedis } from "../../../scripts/services/redis.mjs";
import { eventually } from "../../support/eventually.ts";
import { createHome, type HeadgateProcess, type Home, startHeadgateProcess } from "../../support/headgate-process.ts";
import { allRequests } from "../../support/load/ledger-check.ts";
import { startProvider } from "../../support/provider.ts";
import { TallyCallers } from "../../support/tally/tally-callers.ts";
import { type Sum, type TallyPrice, tallyOf } from "../../support/tally/tally-check.ts";
import { answerTally, Books } from "../../support/tally/tally-provider.ts";

const calls = Number(process.env.HEADGATE_TALLY_CALLS ?? 1500);
const outageMs = Number(process.env.HEADGATE_TALLY_OUTAGE_SECONDS ?? 6) * 1000;
const callers = 24;
const replicas = 3;

/** Dollars per million tokens; what is not set is charged as input, or as output. */
const prices: Record<string, TallyPrice> = {
  "tally-pool": { input: 2.5, cached: 1.25, cacheWrite: 2.5, output: 10 },
  "tally-claude": { input: 3, cached: 0.3, cacheWrite: 3.75, output: 15 },
  "tally-hedged": { input: 0.1, cached: 0.025, cacheWrite: 0.1, output: 0.4 },
};

class Replica {
  readonly home: Home;
  readonly #start: (home: Home) => Promise<HeadgateProcess>;
  process: HeadgateProcess | null = null;

  constructor(home: Home, start: (home: Home) => Promise<HeadgateProcess>) {
    this.home = home;
    this.#start = start;
  }

  async start(): Promise<void> {
    this.process = await this.#start(this.home);
  }

  /** As a machine that loses its process, and brings it back. */
  async killAndRestart(): Promise<void> {
    const { process } = this;
    this.process = null;
    await process?.kill("SIGKILL");
    await this.start();
  }
}

test(`${calls} mixed calls, with killed replicas and outages, are booked as the providers book them`, {
  timeout: 1_800_000,
}, async () => {
  const postgres = await startPostgres();
  onTestFinished(() => postgres.destroy());
  const redis = await startRedis();
  onTestFinished(() => redis.destroy());
  const books = new Books();
  const providers = await Promise.all([1, 2, 3].map(() => startProvider()));
  for (const provider of providers) {
    onTestFinished(() => provider.close());
    provider.models = ["tally-pool", "tally-claude"];
    answerTally(provider, books);
  }
  const keys = Array.from({ length: callers }, (_, caller) => ({
    name: `caller-${caller}`,
    key: `key-of-tally-caller-${caller}-0123456789`,
    // Far away, but counted on every call.
    limits: { requests_per_minute: 1_000_000, tokens_per_minute: 1_000_000_000, budget_usd: 1_000_000, budget_period: "total" },
  }));
  const endpoint = (name: string, index: number, models: string[], more: object = {}) => ({
    name,
    url: `${providers[index]?.url}/v1`,
    api_key: "provider-key",
    sync_interval: 0,
    models,
    ...more,
  });
  const config = {
    endpoints: [
      endpoint("one", 0, ["tally-pool"]),
      endpoint("two", 1, ["tally-pool"]),
      endpoint("three", 2, ["tally-pool"]),
      endpoint("claude", 0, ["tally-claude"], { dialect: "anthropic" }),
    ],
    keys,
    log: { level: "warn" },
  };
  const env = { HEADGATE_DATABASE_URL: postgres.url, HEADGATE_REDIS_URL: redis.url };
  const start = async (home: Home) => {
    const process = await startHeadgateProcess({ home, config, env });
    onTestFinished(async () => void (await process.kill()));
    return process;
  };
  const all: Replica[] = [];
  for (let index = 0; index < replicas; index++) {
    const home = await createHome();
    const replica = new Replica(home, start);
    await replica.start();
    all.push(replica);
    onTestFinished(() => home.remove());
  }
  const [first] = all as [Replica, ...Replica[]];
  const admin = async (method: string, path: string, body?: object) => {
    const answer = await (first.process as HeadgateProcess).admin(method, path, body);
    expect([method, path, answer.status < 300, answer.body?.error]).toEqual([method, path, true, undefined]);
    return answer.body;
  };
  const targets = [1, 2, 3].map((_, index) => ({ endpoint: ["one", "two", "three"][index], model: "tally-pool" }));
  await admin("POST", "/models", { name: "tally-hedged", strategy: "priority", targets });
  for (const [model, price] of Object.entries(prices)) {
    await admin("PUT", `/prices/${model}`, {
      input_usd_per_million: price.input,
      output_usd_per_million: price.output,
      cached_input_usd_per_million: price.cached,
      cache_write_usd_per_million: price.cacheWrite,
    });
  }
  const hedged = (await admin("GET", "/models?search=tally-hedged")).data[0];
  await admin("PATCH", `/models/${hedged.id}`, { hedge: { extra_traffic: 0.2 } });
  // On every replica, before the first call of any of it.
  for (const { process } of all) {
    await eventually(async () => {
      const { body } = await (process as HeadgateProcess).admin("GET", "/system");
      const own = await (first.process as HeadgateProcess).admin("GET", "/system");
      return body.snapshot.version === own.body.snapshot.version;
    });
  }

  const urls = () => all.flatMap(({ process }) => (process === null ? [] : [process.url]));
  const load = new TallyCallers({ urls, keys: keys.map(({ key }) => key), calls });
  const running = load.run();
  const reached = (share: number) =>
    eventually(() => load.finished >= share * calls, { timeoutMs: 900_000, everyMs: 50, what: () => `${share} of the calls` });
  await reached(0.1);
  await all[1]?.killAndRestart();
  await reached(0.2);
  await postgres.stop("immediate");
  await pause(outageMs / 2);
  // One that starts while the database is away serves what it knew.
  await all[2]?.killAndRestart();
  await pause(outageMs / 2);
  await postgres.start();
  await reached(0.5);
  await redis.stop();
  await pause(outageMs / 2);
  await all[0]?.killAndRestart();
  await pause(outageMs / 2);
  await redis.start();
  await reached(0.8);
  await all[1]?.killAndRestart();
  await running;

  // Nobody heard of any of it but through a connection that broke with its replica.
  const told = load.calls.filter((call) => call.status !== null && call.status >= 400 && call.errorSource !== "upstream");
  expect(told.map(({ number, kind, status, errorText }) => `${number} ${kind} ${status} ${errorText}`)).toEqual([]);
  const cut = load.calls.filter(({ kind, isComplete }) => !isComplete && !["failed", "refused", "left", "broken"].includes(kind));
  expect(cut.length).toBeLessThanOrEqual(callers * 4);

  const headgate = first.process as HeadgateProcess;
  const rows = await eventually(
    async () => {
      // First: what a replica still has to write may not be in the rows.
      if (!(await everythingIsBooked(all))) return false;
      const found = await allRequests(headgate);
      const known = new Set(found.map(({ id }) => id));
      const absent = load.calls.filter(({ requestId }) => requestId !== null && !known.has(requestId));
      const isWhole = absent.length === 0 && found.every(({ state }) => state !== "in_progress");
      return isWhole && found;
    },
    { timeoutMs: 60_000, everyMs: 500, what: "a whole ledger" },
  );
  const { sums, problems, interrupted } = tallyOf(rows, load.calls, books, (model) => prices[model] as TallyPrice);
  expect(problems).toEqual([]);
  expect(await usageOf(headgate)).toEqual(sums);
  console.log(
    `tally: ${load.calls.length} calls, ${rows.length} requests, ${[...books.arrivals.values()].flat().length} attempts at the providers, ${interrupted} interrupted, ${cut.length} cut`,
  );
});

/** No replica has records in its spool that are not in the database. */
async function everythingIsBooked(replicas: readonly Replica[]): Promise<boolean> {
  const answers = await Promise.all(replicas.map(({ process }) => (process as HeadgateProcess).admin("GET", "/system")));
  return answers.every(({ body }) => body.spool.backlog_bytes === 0);
}

/** `/usage` by model, with the cost in nano-dollars. */
async function usageOf(headgate: HeadgateProcess): Promise<Map<string, Sum>> {
  const { body } = await headgate.admin("GET", "/usage?group_by=model");
  const sums = new Map<string, Sum>();
  for (const row of body.data) {
    const { requests, input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens } = row;
    const tokens = { input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens };
    sums.set(row.model, { requests, ...tokens, cost: BigInt(Math.round(row.cost_usd * 1e9)) });
  }
  return sums;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
