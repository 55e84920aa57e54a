// The schedule: when each endpoint is synchronised, on a clock that the tests move, with a real database.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { endpointRow } from "../../../test/support/endpoint-row.ts";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { createSyncSchedule, type SyncSchedule, syncDelayMs } from "./schedule.ts";
import { noCounts, type RunFacts, type SyncRunView, syncRunRow, syncRunView } from "./sync-run.ts";
import type { Synchronizer } from "./synchronize.ts";

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const minuteMs = 60_000;

test("the delay doubles with each failure, up to 8 intervals or an hour, never below the interval", () => {
  expect([0, 1, 2, 3, 4, 50].map((failures) => syncDelayMs(minuteMs, failures) / minuteMs)).toEqual([1, 2, 4, 8, 8, 8]);
  expect([0, 1, 2, 3].map((failures) => syncDelayMs(30 * minuteMs, failures) / minuteMs)).toEqual([30, 60, 60, 60]);
  expect([0, 1, 9].map((failures) => syncDelayMs(120 * minuteMs, failures) / minuteMs)).toEqual([120, 120, 120]);
});

describe("the schedule", () => {
  let database: TestDatabase;
  let storage: Storage;
  let clock: FakeClock;
  let schedule: SyncSchedule;
  /** "endpoint's name, minute it started at". */
  let started: string[];
  /** What the synchroniser does, by endpoint; default: succeeds at once. */
  let behaviour: (endpoint: EndpointRow) => Promise<SyncRunView["status"]>;
  let random: number;

  /** Stands for the synchroniser at its interface; the real one has its own tests. */
  const synchronizer: Pick<Synchronizer, "synchronize"> = {
    async synchronize(endpointId, { trigger, signal }) {
      const endpoint = await storage.endpoints.get(endpointId);
      if (endpoint === null) throw new HeadgateError("not_found");
      started.push(`${endpoint.name} ${Math.round((clock.nowMs() - startMs) / minuteMs)}`);
      const aborted = new Promise<never>((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
      const status = await Promise.race([behaviour(endpoint), aborted]);
      return runOf(status, { trigger, startedAtMs: clock.nowMs(), finishedAtMs: clock.nowMs() });
    },
  };
  const runOf = (status: SyncRunView["status"], facts: RunFacts) =>
    syncRunView(facts, { status, stage: "done", error: null, counts: { ...noCounts }, models: [] });
  const startMs = Date.UTC(2025, 0, 1);

  beforeAll(async () => {
    database = await testDatabase("sqlite");
    storage = database.storage;
  });
  beforeEach(() => {
    clock = createFakeClock(startMs);
    started = [];
    behaviour = async () => "ok";
    random = 0.5; // no jitter
    schedule = createSyncSchedule({ storage, synchronizer, clock, log: silent, random: () => random });
  });
  afterEach(async () => {
    await schedule.stop();
    for (const { id } of await storage.endpoints.all()) await storage.endpoints.delete(id);
  });
  afterAll(() => database.remove());

  async function addEndpoint(name: string, intervalMs: number, lastRunMs: number | null = startMs): Promise<EndpointRow> {
    const row = endpointRow({ name, sync_interval_ms: intervalMs });
    await storage.endpoints.insert(row);
    if (lastRunMs !== null) {
      const run = runOf("ok", { trigger: "create", startedAtMs: lastRunMs, finishedAtMs: lastRunMs });
      await storage.syncRuns.insert(syncRunRow(run, row.id));
    }
    return row;
  }

  async function until(holds: () => boolean): Promise<void> {
    const deadline = Date.now() + 5000;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`it did not happen; started: ${started.join(", ")}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Moves the clock minute by minute; at each, waits until runs under way have ended and the next ones are planned. */
  async function pass(minutes: number, timersAfterwards: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      await clock.advance(minuteMs);
      await until(() => clock.pending === timersAfterwards);
    }
  }

  test("runs each endpoint at its interval, and never one with interval 0", async () => {
    await addEndpoint("fast", 2 * minuteMs);
    await addEndpoint("slow", 5 * minuteMs);
    await addEndpoint("never", 0);
    await schedule.refresh();
    await pass(10, 2);
    expect(started.toSorted()).toEqual(["fast 10", "fast 2", "fast 4", "fast 6", "fast 8", "slow 10", "slow 5"]);
  });

  test("leaves endpoints of manifests alone: a manifest says which models they have", async () => {
    await storage.endpoints.insert(endpointRow({ origin: "manifest", sync_interval_ms: minuteMs }));
    await schedule.refresh();
    expect(clock.pending).toBe(0);
  });

  test("spreads runs by a tenth of the interval", async () => {
    await addEndpoint("early", 100 * minuteMs);
    random = 0;
    await schedule.refresh();
    await clock.advance(89 * minuteMs);
    expect(started).toEqual([]);
    await pass(1, 1);
    expect(started).toEqual(["early 90"]);
    random = 1;
    await pass(90, 1);
    expect(started).toEqual(["early 90", "early 180"]);
    await pass(109, 1);
    expect(started).toHaveLength(2);
    await pass(1, 1);
    expect(started).toEqual(["early 90", "early 180", "early 290"]);
  });

  test("waits longer after each failure and returns to the interval after a success", async () => {
    await addEndpoint("flaky", minuteMs);
    const results: SyncRunView["status"][] = ["failed", "failed", "failed", "failed", "failed", "guarded", "ok"];
    behaviour = async () => results.shift() ?? "ok";
    await schedule.refresh();
    await pass(34, 1);
    expect(started.map((line) => Number(line.split(" ")[1]))).toEqual([1, 3, 7, 15, 23, 31, 32, 33, 34]);
  });

  test("a synchroniser that throws counts as a failure, and the schedule goes on", async () => {
    await addEndpoint("broken", minuteMs);
    let calls = 0;
    behaviour = async () => {
      if (++calls === 1) throw new Error("the database is away");
      return "ok";
    };
    await schedule.refresh();
    await pass(5, 1);
    expect(started).toEqual(["broken 1", "broken 3", "broken 4", "broken 5"]);
  });

  test("an endpoint that was never synchronised, or whose run is overdue, is due within half a minute", async () => {
    await addEndpoint("new", 60 * minuteMs, null);
    await addEndpoint("overdue", 60 * minuteMs, startMs - 600 * minuteMs);
    await schedule.refresh();
    expect(started).toEqual([]);
    await clock.advance(30_000);
    await until(() => started.length === 2);
  });

  test("follows new, changed and deleted endpoints", async () => {
    const changed = await addEndpoint("changed", 60 * minuteMs);
    const deleted = await addEndpoint("deleted", minuteMs);
    await schedule.refresh();
    await pass(1, 2);
    expect(started).toEqual(["deleted 1"]);
    await storage.endpoints.update(changed.id, { sync_interval_ms: 3 * minuteMs });
    await storage.endpoints.delete(deleted.id);
    await addEndpoint("added", 4 * minuteMs);
    await schedule.refresh();
    await schedule.refresh();
    await pass(4, 2);
    expect(started).toEqual(["deleted 1", "changed 3", "added 4"]);
    await storage.endpoints.update(changed.id, { sync_interval_ms: 0 });
    await schedule.refresh();
    await pass(4, 1);
    expect(started).toEqual(["deleted 1", "changed 3", "added 4", "added 8"]);
  });

  test("an endpoint deleted without a refresh leaves the schedule", async () => {
    const gone = await addEndpoint("gone", minuteMs);
    await schedule.refresh();
    await storage.endpoints.delete(gone.id);
    await clock.advance(minuteMs);
    await until(() => clock.pending === 0);
    expect(started).toEqual([]);
  });

  test("an interval changed during a run holds from the end of that run", async () => {
    const endpoint = await addEndpoint("changing", minuteMs);
    let release = () => {};
    behaviour = () => new Promise((resolve) => (release = () => resolve("ok")));
    await schedule.refresh();
    await clock.advance(minuteMs);
    await until(() => started.length === 1);
    await storage.endpoints.update(endpoint.id, { sync_interval_ms: 10 * minuteMs });
    await schedule.refresh();
    release();
    behaviour = async () => "ok";
    await until(() => clock.pending === 1);
    await pass(9, 1);
    expect(started).toEqual(["changing 1", "changing 10"]);
  });

  test("runs at most four at once, the others follow", async () => {
    const releases: (() => void)[] = [];
    behaviour = () => new Promise((resolve) => releases.push(() => resolve("ok")));
    for (let index = 0; index < 6; index++) await addEndpoint(`endpoint-${index}`, minuteMs);
    await schedule.refresh();
    await clock.advance(minuteMs);
    await until(() => releases.length === 4);
    await new Promise(setImmediate);
    expect(started).toHaveLength(4);
    releases[0]?.();
    await until(() => releases.length === 5);
    releases[1]?.();
    await until(() => releases.length === 6);
    expect(new Set(started).size).toBe(6);
  });

  test("stopping ends runs under way and starts no more", async () => {
    behaviour = () => new Promise(() => {});
    await addEndpoint("hanging", minuteMs);
    await schedule.refresh();
    await clock.advance(minuteMs);
    await until(() => started.length === 1);
    await schedule.stop();
    expect(clock.pending).toBe(0);
    await schedule.refresh();
    await clock.advance(100 * minuteMs);
    expect(started).toHaveLength(1);
  });

  test("an interval longer than a timer can hold is kept", async () => {
    await addEndpoint("monthly", 30 * 24 * 60 * minuteMs);
    await schedule.refresh();
    await clock.advance(29 * 24 * 60 * minuteMs);
    expect(started).toEqual([]);
    await clock.advance(24 * 60 * minuteMs);
    await until(() => started.length === 1);
  });
});
