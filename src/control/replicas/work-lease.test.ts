// Scheduled work is done by one holder at a time, which stops before its lease is somebody else's.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { systemClock } from "../../core/clock.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import type { WorkLeaseRepository } from "../../storage/ports/replicas.ts";
import { type Work, WorkLeases } from "./work-lease.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const names = ["one", "two"];

let database: TestDatabase;
let events: string[];
const opened: WorkLeases[] = [];
beforeEach(async () => {
  database = await testDatabase("sqlite");
  events = [];
});
afterEach(async () => {
  for (const leases of opened.splice(0)) await leases.stop().catch(() => undefined);
  await database.remove();
});

function open(
  holder: string,
  { leases = database.storage.workLeases as WorkLeaseRepository | null, ttlMs = 60_000 } = {},
): WorkLeases {
  const made = new WorkLeases({ leases, holder, names, clock: systemClock, log: silent, ttlMs });
  opened.push(made);
  return made;
}

function work(holder: string, more: Partial<Work> = {}): Work {
  return { start: () => void events.push(`${holder} starts`), stop: () => void events.push(`${holder} stops`), ...more };
}

/** Lets starts and stops that follow from what was just done happen. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 10));

test("whoever comes first does it all, also while it is renewed; the other when it lets go", async () => {
  const [a, b] = [open("a"), open("b")];
  for (const [holder, leases] of [
    ["a", a],
    ["b", b],
  ] as const) {
    leases.register("one", work(holder));
    leases.begin("one");
  }
  for (let beat = 0; beat < 3; beat++) {
    await a.beat();
    await b.beat();
  }
  expect([a.held, b.held]).toEqual([names, []]);
  expect([a.holds("one"), b.holds("one")]).toEqual([true, false]);
  await a.stop();
  await b.beat();
  await settled();
  expect(b.held).toEqual(names);
  expect(events).toEqual(["a starts", "a stops", "b starts"]);
});

test("a holder that can't renew stops before another one may begin, and takes its work up again if nobody has", async () => {
  let isAway = false;
  const { workLeases } = database.storage;
  const flaky: WorkLeaseRepository = {
    ...workLeases,
    acquire: (...asked) => (isAway ? Promise.reject(new StorageUnavailable("away")) : workLeases.acquire(...asked)),
  };
  // Its end is a third of that before another's beginning: more than a machine stands still.
  const ttlMs = 4000;
  const [a, b] = [open("a", { leases: flaky, ttlMs }), open("b")];
  // An answer that comes later than that end counts for nothing: it is asked again.
  const renew = () =>
    eventually(async () => {
      await a.beat();
      return a.holds("one");
    });
  a.register("one", work("a"));
  b.register("one", work("b"));
  a.begin("one");
  b.begin("one");
  await renew();
  isAway = true;
  await expect(a.beat()).rejects.toBeInstanceOf(StorageUnavailable);
  expect(a.holds("one")).toBe(true);
  await eventually(async () => {
    await b.beat();
    return b.holds("one");
  });
  await settled();
  expect(events).toEqual(["a starts", "a stops", "b starts"]);
  isAway = false;
  await a.beat();
  expect(a.holds("one")).toBe(false);
  await b.stop();
  await renew();
  await eventually(() => events.length >= 5);
  expect(events.slice(3, 5)).toEqual(["b stops", "a starts"]);
});

test("work that is wanted while the database is away too goes on there, and is one's alone when it is back", async () => {
  let isAway = true;
  const { workLeases } = database.storage;
  const flaky: WorkLeaseRepository = {
    ...workLeases,
    acquire: (...asked) => (isAway ? Promise.reject(new StorageUnavailable("away")) : workLeases.acquire(...asked)),
  };
  const other = open("other");
  await other.beat();
  const leases = open("a", { leases: flaky });
  leases.register("one", work("one", { alsoWhenAway: true }));
  leases.register("two", work("two"));
  for (const name of names) leases.begin(name);
  await expect(leases.beat()).rejects.toBeInstanceOf(StorageUnavailable);
  await settled();
  expect(events).toEqual(["one starts"]);
  isAway = false;
  await leases.beat();
  await settled();
  expect(events).toEqual(["one starts", "one stops"]);
});

test("nothing starts before its time, and starts and stops follow one another however quickly they come", async () => {
  const leases = open("a");
  let running = 0;
  leases.register("one", {
    async start() {
      expect(++running).toBe(1);
      await settled();
      events.push("started");
    },
    async stop() {
      await settled();
      running--;
      events.push("stopped");
    },
  });
  await leases.beat();
  await settled();
  expect(events).toEqual([]);
  leases.begin("one");
  leases.begin("one");
  await leases.stop();
  expect(events).toEqual(["started", "stopped"]);
});

test("work that fails to start is tried again with the next beat", async () => {
  const leases = open("a");
  let tries = 0;
  leases.register("one", {
    start() {
      if (++tries === 1) throw new Error("on purpose");
    },
    stop() {},
  });
  leases.begin("one");
  await leases.beat();
  await settled();
  await leases.beat();
  await settled();
  await leases.beat();
  await settled();
  expect(tries).toBe(2);
});

test("the only process there can be does everything at once, without a word to the database", async () => {
  const leases = open("a", { leases: null });
  expect(leases.held).toEqual(names);
  leases.register("one", work("a"));
  leases.begin("one");
  await settled();
  await leases.beat();
  expect(events).toEqual(["a starts"]);
  expect(await database.storage.workLeases.held()).toEqual([]);
});

test("one that never came to ask lets go of nothing: the tables may not be there", async () => {
  const none: WorkLeaseRepository = {
    ...database.storage.workLeases,
    release: () => Promise.reject(new Error('relation "work_leases" does not exist')),
  };
  await open("a", { leases: none }).stop();
});
