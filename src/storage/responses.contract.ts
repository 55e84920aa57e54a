// Who made which response, for every engine: it comes with the ledger's records, and the first who made it has it.
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { settledAttempt, startedAttempt } from "../../test/support/ledger-records.ts";
import type { LedgerRecord } from "../domain/ledger-record.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const newResponseId = () => `resp_${randomUUID()}`;

export function responsesContract(database: ContractDatabase): void {
  describe("responses", () => {
    test("are found by the id that a settled record brought, with who made them and where", async () => {
      const { ledger, responses } = database.storage;
      const [ofKey, ofUser, ofEndpoint] = [newResponseId(), newResponseId(), newResponseId()] as [string, string, string];
      const startedAtMs = 1_800_000_000_000;
      const place = { endpointId: "ep_7", deploymentId: "dep_7", model: "m", startedAtMs };
      await ledger.ingest([
        settledAttempt({ ...place, responseId: ofKey, keyId: "key_7" }),
        settledAttempt({ ...place, responseId: ofUser, keyId: "key_7", userId: "usr_7", startedAtMs: startedAtMs + 0.6 }),
        settledAttempt({ ...place, responseId: ofEndpoint, keyId: "key_7", deploymentId: null, model: "" }),
      ]);
      const row = { endpoint_id: "ep_7", deployment_id: "dep_7", model: "m", owner: "key:key_7", created_at: startedAtMs };
      expect(await responses.find(ofKey)).toEqual({ ...row, id: ofKey });
      expect(await responses.find(ofUser)).toEqual({ ...row, id: ofUser, owner: "user:usr_7", created_at: startedAtMs + 1 });
      expect(await responses.find(ofEndpoint)).toEqual({ ...row, id: ofEndpoint, deployment_id: null, model: "" });
      expect(await responses.find(newResponseId())).toBeNull();
    });

    test("come from every outcome that says one, and from nothing else", async () => {
      const { ledger, responses } = database.storage;
      const broken = newResponseId();
      const left = newResponseId();
      const nobodys = newResponseId();
      const begun = newResponseId();
      const ofOlderVersions = settledAttempt();
      expect("responseId" in ofOlderVersions).toBe(false);
      const records = [
        // The provider has it, whatever became of the answer on its way.
        settledAttempt({ responseId: broken, error: "upstream_interrupted" }),
        settledAttempt({ responseId: left, status: 499, error: "client_disconnected" }),
        settledAttempt({ responseId: nobodys, keyId: null }),
        { ...startedAttempt(), responseId: begun } as LedgerRecord,
        ofOlderVersions,
        settledAttempt({ responseId: null }),
        settledAttempt({ responseId: "not/plain" }),
        settledAttempt({ responseId: "unstorable\u0000" }),
        settledAttempt({ responseId: 7 as unknown as string }),
      ];
      expect(await ledger.ingest(records)).toBe(records.length);
      expect(await responses.find(broken)).toMatchObject({ id: broken });
      expect(await responses.find(left)).toMatchObject({ id: left });
      expect(await responses.find(nobodys)).toBeNull();
      expect(await responses.find(begun)).toBeNull();
      expect(await responses.find("not/plain")).toBeNull();
    });

    test("stay with the first who made them, however often and in whatever company their records come", async () => {
      const { ledger, responses } = database.storage;
      const id = newResponseId();
      const inOneBatch = newResponseId();
      const first = settledAttempt({ responseId: id, keyId: "key_first" });
      const later = settledAttempt({ responseId: id, keyId: "key_later" });
      const old = settledAttempt({ responseId: inOneBatch, keyId: "key_first", startedAtMs: 1_800_000_000_000 });
      const young = settledAttempt({ responseId: inOneBatch, keyId: "key_later", startedAtMs: 1_800_000_000_001 });
      expect(await ledger.ingest([first])).toBe(1);
      expect(await ledger.ingest([later, first, later, young, old])).toBe(3);
      expect(await ledger.ingest([later, first])).toBe(0);
      expect(await responses.find(id)).toMatchObject({ owner: "key:key_first" });
      expect(await responses.find(inOneBatch)).toMatchObject({ owner: "key:key_first" });
    });

    test("are there exactly when their records are", async () => {
      const { storage } = database;
      const id = newResponseId();
      const broken = { ...settledAttempt(), method: null } as unknown as LedgerRecord;
      await expect(storage.ledger.ingest([settledAttempt({ responseId: id }), broken])).rejects.toThrow();
      expect(await storage.responses.find(id)).toBeNull();
      const undone = storage.transaction(async (inside) => {
        await inside.ledger.ingest([settledAttempt({ responseId: id })]);
        expect(await inside.responses.find(id)).toMatchObject({ id });
        throw new Error("on purpose");
      });
      await expect(undone).rejects.toThrow("on purpose");
      expect(await storage.responses.find(id)).toBeNull();
    });

    test("in large numbers come and go like a few", async () => {
      const { ledger, responses } = database.storage;
      const startedAtMs = 3_600_000; // older than every other test's
      const ids = Array.from({ length: 6001 }, () => newResponseId());
      await ledger.ingest(ids.map((responseId, index) => settledAttempt({ responseId, startedAtMs: startedAtMs + index })));
      const [oldest, newest] = [ids[0], ids.at(-1)] as [string, string];
      expect(await responses.find(oldest)).toMatchObject({ id: oldest });
      expect(await responses.deleteBefore(startedAtMs + 6000)).toBe(6000);
      expect(await responses.deleteBefore(startedAtMs + 6000)).toBe(0);
      expect(await responses.find(oldest)).toBeNull();
      expect(await responses.find(newest)).toMatchObject({ id: newest });
      await responses.delete(newest);
      await responses.delete(newest);
      expect(await responses.find(newest)).toBeNull();
    });
  });
}
