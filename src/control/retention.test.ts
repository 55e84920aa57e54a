// What is older than the configuration keeps goes, with all that belongs to it; the rest stays.
import { expect, test } from "vitest";
import { testDatabase } from "../../test/support/database.ts";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { deleteExpired } from "./retention.ts";

test("attempts and the responses they made go together; 0 keeps them for good", async () => {
  const { storage, remove } = await testDatabase("sqlite");
  try {
    const clock = createFakeClock();
    const lines: unknown[] = [];
    const log = { debug() {}, info: (fields: unknown) => void lines.push(fields), warn() {}, error() {} };
    const at = (ageMs: number, responseId: string) =>
      settledAttempt({ startedAtMs: clock.nowMs() - ageMs, responseId, requestId: `of_${responseId}` });
    await storage.ledger.ingest([at(1001, "resp_old"), at(999, "resp_young")]);
    const options = { storage: () => storage, syncRunsMs: 0, clock, log };

    await deleteExpired({ ...options, requestsMs: 0 });
    expect(await storage.responses.find("resp_old")).not.toBeNull();
    expect(lines).toEqual([]);

    await deleteExpired({ ...options, requestsMs: 1000 });
    expect(await storage.responses.find("resp_old")).toBeNull();
    expect(await storage.responses.find("resp_young")).not.toBeNull();
    const kept = await storage.ledger.attemptsOf(["of_resp_old", "of_resp_young"]);
    expect(kept.map((row) => row.request_id)).toEqual(["of_resp_young"]);
    expect(lines).toEqual([{ attempts: 1, responses: 1, sync_runs: 0 }]);
  } finally {
    await remove();
  }
});
