// A place among the replicas is taken and given back whole, whenever the process is told to end.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, temporaryDirectory, testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { systemClock } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import { Replicas } from "./replicas.ts";

let database: TestDatabase;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  database = await testDatabase("postgres");
  directory = await temporaryDirectory();
});
afterEach(async () => {
  await database.remove();
  await directory.remove();
});

function open(): Replicas {
  return new Replicas({
    storage: database.storage,
    dataDir: directory.path,
    processId: newId("p"),
    version: "1",
    startedAtMs: 1,
    clock: systemClock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    facts: () => ({ config_version: 1, spool_backlog_bytes: 0, allowances: "ok" }),
    onConfig: async () => {},
    onTopics() {},
    onProbes() {},
    onManifests: async () => {},
    onReplicas() {},
  });
}

test("it joins, listens, and leaves nothing behind", async () => {
  const replicas = open();
  await replicas.join();
  await eventually(() => replicas.isListening);
  expect(await database.storage.replicas.all()).toHaveLength(1);
  await replicas.stop();
  expect([await database.storage.replicas.all(), await database.storage.workLeases.held()]).toEqual([[], []]);
  expect(replicas.isListening).toBe(false);
});

test("told to end while it joins, it begins nothing that goes on", async () => {
  const replicas = open();
  let subscriptions = 0;
  const { notifications } = database.storage;
  const { subscribe } = notifications;
  notifications.subscribe = (handlers) => {
    subscriptions++;
    return subscribe(handlers);
  };
  await Promise.all([replicas.join(), replicas.stop()]);
  expect(subscriptions).toBe(0);
  expect([await database.storage.replicas.all(), await database.storage.workLeases.held()]).toEqual([[], []]);
});
