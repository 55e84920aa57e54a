// What attempts share is kept beside the connection: each row has its own, whatever has become of earlier transactions.
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryDirectory } from "../../../test/support/database.ts";
import { settledAttempt, startedAttempt } from "../../../test/support/ledger-records.ts";
import { type OpenLedger, openLedger } from "../open-ledger.ts";
import type { Storage } from "../ports/storage.ts";
import { openSqlite } from "../sqlite.ts";
import { sqlitePath } from "../sqlite-path.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let storage: Storage;
let open: OpenLedger;

beforeEach(async () => {
  directory = await temporaryDirectory();
  storage = await openSqlite({ path: sqlitePath(directory.path) });
  await storage.migrate();
  open = await openLedger({ databaseUrl: null, dataDir: directory.path });
});

afterEach(async () => {
  await open.close();
  await storage.close();
  await directory.remove();
});

/** Of paths `/v1/things/<from>` and so on. */
function calls(from: number, count: number) {
  return Array.from({ length: count }, (_, index) =>
    settledAttempt({ path: `/v1/things/${from + index}`, why: `call ${index % 7}` }),
  );
}

async function expectStored(records: readonly ReturnType<typeof settledAttempt>[]) {
  const rows = await storage.ledger.attemptsOf(records.map(({ requestId }) => requestId));
  const stored = new Map(rows.map((row) => [row.id, row]));
  for (const { id, path, why, status, keyId } of records)
    expect(stored.get(id)).toMatchObject({ path, why, status, key_id: keyId, state: "settled" });
}

test("more of them than are kept", async () => {
  const batches = [calls(0, 700), calls(500, 700), calls(0, 1300), calls(1200, 40)];
  for (const batch of batches) expect(await open.ledger.ingest(batch)).toBe(batch.length);
  await expectStored(batches.flat());
});

test("a batch that is refused takes its own along", async () => {
  const before = calls(0, 3);
  await open.ledger.ingest(before);
  const refused = settledAttempt({ path: "/v1/things/9", groupId: null as unknown as string });
  await expect(open.ledger.ingest([...calls(3, 5), refused])).rejects.toThrow();
  const after = calls(2, 9);
  expect(await open.ledger.ingest(after)).toBe(after.length);
  await expectStored([...before, ...after]);
});

test("so does each of several, however many profiles it had", async () => {
  const before = calls(0, 3);
  await open.ledger.ingest(before);
  const refused = () => settledAttempt({ path: "/v1/things/9", groupId: null as unknown as string });
  for (const others of [2, 2, 1, 0]) await expect(open.ledger.ingest([...calls(20, others), refused()])).rejects.toThrow();
  const after = calls(20, 3);
  expect(await open.ledger.ingest(after)).toBe(after.length);
  await expectStored([...before, ...after]);
});

test("an attempt whose start came with an earlier batch, or was never seen, is settled once", async () => {
  const starts = Array.from({ length: 20 }, () => startedAttempt());
  const outcomes = starts.map(({ event: _, ...started }) => settledAttempt(started));
  expect(await open.ledger.ingest(starts.slice(0, 10))).toBe(10);
  expect(await storage.ledger.ingest(starts.slice(10, 15))).toBe(5);
  expect(await open.ledger.ingest(outcomes)).toBe(20);
  expect(await open.ledger.ingest(outcomes)).toBe(0);
  await expectStored(outcomes);
  const [usage] = await storage.ledger.usage({ fromMs: 0, toMs: Number.MAX_SAFE_INTEGER, groupBy: [], bucket: null });
  expect(usage?.attempts).toBe(20);
});
