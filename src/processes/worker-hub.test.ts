// What control knows of its workers, and whom a change waits for; over real sockets.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import { systemClock } from "../core/clock.ts";
import { contentOf } from "../domain/fixtures/views.ts";
import type { SeenHealth } from "../domain/seen-health.ts";
import type { SnapshotContent } from "../domain/snapshot.ts";
import { ChannelClient } from "./channel/channel-client.ts";
import type { WorkerFunctions, WorkerStatus } from "./protocol.ts";
import { WorkerHub } from "./worker-hub.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };
const version = (number: number): SnapshotContent => ({ ...contentOf({}), version: number });
const patch = { part: "users", version: 2, users: [], groups: null } as const;

/** For the hub, whose time passes only where a test says so: how long it waits does not depend on how busy the machine is. */
async function startHub({
  servingIds = [],
  content = version(1),
}: {
  servingIds?: string[];
  content?: SnapshotContent | null;
} = {}) {
  const dir = await mkdtemp(join(tmpdir(), "headgate-hub-"));
  const socketPath = join(dir, "rpc.sock");
  const unused = async () => {
    throw new Error("nobody asks for it here");
  };
  const clock = createFakeClock();
  const hub = await WorkerHub.listen({
    socketPath,
    clock,
    log,
    content: () => content,
    leases: null,
    spend: { spent: unused },
    knownSpend: () => new Map(),
    identity: { verify: unused, seen() {} },
    responses: { find: async () => null, forget: async () => {} },
    usage: { ofCaller: unused },
    bodies: { reserve: () => false, release() {}, drop() {}, keep() {} },
    hasCaughtUp: () => true,
    onLastSeries() {},
    onHealth() {},
    servingIds,
  });
  onTestFinished(async () => {
    await hub.close(0);
    await rm(dir, { recursive: true });
  });
  return { hub, socketPath, clock };
}

type Replaced = Parameters<WorkerFunctions["replace"]>[0];

/** A worker as control sees it. */
function startWorker(socketPath: string, processId: string, known = new Map<string, object>()) {
  const replaced: Replaced[] = [];
  const forgotten: string[] = [];
  const client = new ChannelClient({
    path: socketPath,
    clock: systemClock,
    handlers: {
      replace: (argument) => void replaced.push(argument as Replaced),
      apply() {},
      caughtUp() {},
      knownResponse: (id) => known.get(id as string) ?? null,
      responseForgotten: (id) => void forgotten.push(id as string),
    },
    // A test may stop it as soon as the hub knows it, before the hub's answer is here.
    onOpen: () =>
      void client
        .call("hello", { processId, name: processId, pid: 1, startedAtMs: 0 }, { timeoutMs: 5000 })
        .catch(() => undefined),
  });
  client.start();
  onTestFinished(() => client.stop());
  return { replaced, forgotten, client };
}

function settled(promise: Promise<unknown>) {
  const state = { isSettled: false, done: promise };
  const settle = () => {
    state.isSettled = true;
  };
  promise.then(settle, settle);
  return state;
}

test("a change waits for a worker whose connection is gone, until it is back with what there is then", async () => {
  const { hub, socketPath, clock } = await startHub();
  const { replaced, client } = startWorker(socketPath, "p_1");
  await eventually(() => replaced.length === 1);
  await hub.apply(patch, 0);
  client.stop();
  await eventually(() => hub.workers.length === 0);
  const change = settled(hub.apply(patch, 0));
  await clock.advance(200);
  expect(change.isSettled).toBe(false);
  client.start();
  await change.done;
  expect(replaced).toHaveLength(2);
});

test("it waits for those that served before control was there too, but not for long, and not for one whose process has ended", async () => {
  const first = await startHub({ servingIds: ["p_1"] });
  const change = settled(first.hub.replace(version(2)));
  await first.clock.advance(100);
  expect(change.isSettled).toBe(false);
  first.hub.setLive([]);
  await change.done;

  const second = await startHub({ servingIds: ["p_1"] });
  const late = settled(second.hub.replace(version(2)));
  await second.clock.advance(1900);
  expect(late.isSettled).toBe(false);
  await second.clock.advance(100);
  await late.done;
  // No time passes any more.
  await second.hub.replace(version(3));
});

test("one that has served nobody holds up no change", async () => {
  const { hub, socketPath } = await startHub({ content: null });
  const { client } = startWorker(socketPath, "p_1");
  await eventually(() => hub.workers.length === 1);
  client.stop();
  await eventually(() => hub.workers.length === 0);
  hub.setLive(["p_1"]);
  // Without any time.
  await hub.replace(version(1));
});

test("a response is found with the worker that made it, and not called unknown while one can't be asked", async () => {
  const { hub, socketPath } = await startHub();
  const owner = { deploymentId: "dep_1", endpointId: "ep_1", model: "m", owner: "key:key_1" };
  const known = new Map([["resp_1", owner]]);
  const maker = startWorker(socketPath, "p_1", known);
  const other = startWorker(socketPath, "p_2");
  await eventually(() => maker.replaced.length + other.replaced.length === 2);
  const find = (id: string) => other.client.call("findResponse", id, { timeoutMs: 5000 });
  expect(await find("resp_1")).toEqual(owner);
  expect(await find("resp_2")).toBeNull();
  await maker.client.call("forgetResponse", "resp_3", { timeoutMs: 5000 });
  await eventually(() => other.forgotten.includes("resp_3"));
  expect(maker.forgotten).toEqual([]);
  maker.client.stop();
  await eventually(() => hub.workers.length === 1);
  await expect(find("resp_1")).rejects.toThrow("can't be asked");
  hub.setLive(["p_2"]);
  expect(await find("resp_1")).toBeNull();
});

test("says of a snapshot whether it is the stored one, to those who come later too", async () => {
  const { hub, socketPath } = await startHub();
  const { replaced } = startWorker(socketPath, "p_1");
  await eventually(() => replaced.length === 1);
  await hub.replace(version(1), { isStored: true });
  const late = startWorker(socketPath, "p_2");
  await eventually(() => late.replaced.length === 1);
  await hub.replace(version(2));
  expect(replaced.map(({ content, isStored }) => [content.version, isStored])).toEqual([
    [1, false],
    [1, true],
    [2, false],
  ]);
  expect(late.replaced.map(({ isStored }) => isStored)).toEqual([true, false]);
});

test("knows nothing any more of deployments that a worker has forgotten", async () => {
  const { hub, socketPath } = await startHub();
  const { client, replaced } = startWorker(socketPath, "p_1");
  await eventually(() => replaced.length === 1);
  const tell = (status: Partial<WorkerStatus>) => {
    const spool = { accepting: true, failure: null, unrecorded: 0 };
    const nothing = { health: [], isAllHealth: false, forgotten: [], callsInFlight: 0, snapshotVersion: 1 };
    expect(client.tell("status", { spool, ...nothing, ...status } satisfies WorkerStatus)).toBe(true);
  };
  const known = (...ids: string[]) => eventually(() => ids.every((id) => hub.health(id) !== null));
  const unknown = (...ids: string[]) => eventually(() => ids.every((id) => hub.health(id) === null));
  tell({ health: [healthOf("dep_1"), healthOf("dep_2")], isAllHealth: true });
  await known("dep_1", "dep_2");
  tell({ forgotten: ["dep_1"] });
  await unknown("dep_1");
  await known("dep_2");
  tell({ health: [healthOf("dep_3")], isAllHealth: true });
  await unknown("dep_2");
  await known("dep_3");
});

function healthOf(id: string): [string, SeenHealth] {
  const rest = { cause: null, sinceMs: null, untilMs: null, failureRatio: null, latencyMs: null, inFlight: 0 };
  return [id, { status: "healthy", ...rest }];
}
