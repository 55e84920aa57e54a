// Bodies that wait for the database: bounded, patient while it is away, and all of them stored at the end.
import { expect, onTestFinished, test } from "vitest";
import { testDatabase } from "../../../test/support/database.ts";
import { eventually } from "../../../test/support/eventually.ts";
import { Cipher } from "../../core/cipher.ts";
import { systemClock } from "../../core/clock.ts";
import { newId } from "../../core/ids.ts";
import type { CapturedBodies } from "../../domain/captured-bodies.ts";
import { everyoneGroupId } from "../../domain/everyone.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import { BodyStore } from "./body-store.ts";
import { bodyContext } from "./seal-bodies.ts";

const cipher = new Cipher("a secret key of 32 characters or more");

function bodies(text: string, reservedBytes = text.length): CapturedBodies {
  const bytes = Buffer.from(text);
  return {
    requestId: newId("req"),
    requestStartedAtMs: Date.now(),
    keyId: "key_1",
    userId: null,
    groupId: everyoneGroupId,
    keeping: { retentionMs: 3_600_000, redact: [] },
    request: { contentType: "Text/Plain; charset=utf-8; x=secret", encoding: "", bytes, length: bytes.length },
    response: null,
    secrets: [],
    reservedBytes,
  };
}

async function setUp(bytesMax: number) {
  const { storage, remove } = await testDatabase("sqlite");
  onTestFinished(remove);
  const state: { storage: Storage | null } = { storage };
  const lines: string[] = [];
  const line = (_fields: object, message: string) => void lines.push(message);
  const log = { debug() {}, info() {}, warn: line, error: line };
  const store = new BodyStore({ storage: () => state.storage, cipher, clock: systemClock, log, bytesMax });
  const keep = (one: CapturedBodies) => {
    expect(store.reserve(one.reservedBytes)).toBe(true);
    store.keep(one);
    return one;
  };
  const stored = (id: string) => storage.requestBodies.get(id, 0);
  return { store, state, storage, lines, keep, stored };
}

test("are stored encrypted, for their request alone, and their memory is free again", async () => {
  const { store, keep, stored } = await setUp(1000);
  const one = keep(bodies("what was said"));
  expect(store.heldBytes).toBe(13);
  const row = await eventually(() => stored(one.requestId));
  expect(row).toMatchObject({ request_type: "text/plain", request_bytes: 13, response_bytes: null, redacted: "[]" });
  expect(JSON.stringify(row)).not.toMatch(/was said|secret/);
  expect(cipher.decrypt(row.request_body as string, bodyContext(one.requestId, "request"))).toBe("what was said");
  expect(() => cipher.decrypt(row.request_body as string, bodyContext(one.requestId, "response"))).toThrow();
  expect(() => cipher.decrypt(row.request_body as string, bodyContext("req_other", "request"))).toThrow();
  await eventually(() => store.heldBytes === 0);
  await store.stop();
});

test("beyond the bound there is no memory, until some is free; what got none is counted", async () => {
  const { store, keep, stored, state, storage } = await setUp(1000);
  state.storage = null;
  const kept = [keep(bodies("a", 600)), keep(bodies("b", 400))];
  expect(store.reserve(1)).toBe(false);
  store.drop(0);
  expect(store.dropped).toBe(1);
  state.storage = storage;
  for (const { requestId } of kept) expect(await eventually(() => stored(requestId))).not.toBeNull();
  await eventually(() => store.heldBytes === 0);
  expect(store.reserve(1000)).toBe(true);
  store.release(1000);
  expect([store.heldBytes, store.dropped]).toEqual([0, 1]);
  await store.stop();
});

test("at the end all that waits is stored, and nothing more is taken", async () => {
  const { store, keep, stored } = await setUp(1_000_000);
  const all = Array.from({ length: 150 }, (_, index) => keep(bodies(`number ${index}`)));
  await store.stop();
  for (const { requestId } of all) expect(await stored(requestId)).not.toBeNull();
  expect([store.heldBytes, store.dropped, store.reserve(1)]).toEqual([0, 0, false]);
  store.keep(bodies("late", 0));
  expect(store.dropped).toBe(1);
});

test("at an end without the database they are lost, and counted, and it says so", async () => {
  const { store, keep, state, lines } = await setUp(1_000_000);
  state.storage = null;
  for (let count = 0; count < 40; count++) keep(bodies("lost"));
  await store.stop();
  expect([store.heldBytes, store.dropped]).toEqual([0, 40]);
  expect(lines.join()).toContain("lost");
});

test("bodies that can't be read are kept as their number of bytes", async () => {
  const { store, keep, stored } = await setUp(1000);
  const shape = { contentType: "not a type at all", length: 99 };
  const one = keep({
    ...bodies("x"),
    request: { ...shape, encoding: "gzip", bytes: Buffer.from("not gzip") },
    response: { ...shape, encoding: "zstd", bytes: Buffer.from("x") },
  });
  const row = await eventually(() => stored(one.requestId));
  const nothing = { request_body: null, request_bytes: 99, request_type: null, request_truncated: 1 };
  expect(row).toMatchObject({ ...nothing, response_body: null, response_bytes: 99 });
  await store.stop();
});
