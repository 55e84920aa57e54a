// Bodies of requests, for every engine: they come once, are there until their time is over, and go.
import { describe, expect, test } from "vitest";
import { newId } from "../core/ids.ts";
import type { RequestBodyRow } from "./ports/request-bodies.ts";
import { requestBodyRow } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const row = (changes: Partial<RequestBodyRow> = {}) => requestBodyRow({ request_id: newId("req"), ...changes });

export function requestBodiesContract(database: ContractDatabase): void {
  describe("request bodies", () => {
    test("are found as they came, until they expire", async () => {
      const { requestBodies } = database.storage;
      const one = row({ request_body: "x".repeat(400_000), user_id: "usr_1", request_truncated: 1 });
      const none = row({ request_body: null, request_type: null, request_bytes: null });
      await requestBodies.insert([one, none]);
      await requestBodies.insert([]);
      expect(await requestBodies.get(one.request_id, one.expires_at - 1)).toEqual(one);
      expect(await requestBodies.get(one.request_id, one.expires_at)).toBeNull();
      expect(await requestBodies.get(none.request_id, 0)).toEqual(none);
      expect(await requestBodies.get("req_unknown", 0)).toBeNull();
      const ids = [one.request_id, none.request_id, "req_unknown"];
      expect(await requestBodies.kept(ids, 0)).toEqual(new Set(ids.slice(0, 2)));
      expect(await requestBodies.kept(ids, one.expires_at)).toEqual(new Set());
      expect(await requestBodies.kept([], 0)).toEqual(new Set());
    });

    test("that come again change nothing", async () => {
      const { requestBodies } = database.storage;
      const first = row({ request_body: "first" });
      await requestBodies.insert([first]);
      const other = row();
      await requestBodies.insert([{ ...first, request_body: "second" }, other]);
      expect(await requestBodies.get(first.request_id, 0)).toEqual(first);
      expect(await requestBodies.get(other.request_id, 0)).toEqual(other);
    });

    test("are deleted once", async () => {
      const { requestBodies } = database.storage;
      const one = row();
      await requestBodies.insert([one]);
      expect(await requestBodies.delete(one.request_id)).toBe(true);
      expect(await requestBodies.delete(one.request_id)).toBe(false);
      expect(await requestBodies.get(one.request_id, 0)).toBeNull();
    });

    test("whose time is over go, in large numbers too", async () => {
      const { requestBodies } = database.storage;
      // Older than every other test's.
      const old = Array.from({ length: 601 }, (_, index) => row({ expires_at: 1000 + index }));
      for (let at = 0; at < old.length; at += 100) await requestBodies.insert(old.slice(at, at + 100));
      expect(await requestBodies.deleteExpired(999)).toBe(0);
      expect(await requestBodies.deleteExpired(1599)).toBe(600);
      const last = old.at(-1) as RequestBodyRow;
      expect(await requestBodies.get(last.request_id, 0)).toEqual(last);
      expect(await requestBodies.deleteExpired(1600)).toBe(1);
    });

    test("are gone through in order, and get other ciphertexts", async () => {
      const { requestBodies } = database.storage;
      const rows = ["req_zz1", "req_zz2", "req_zz3"].map((request_id) => row({ request_id }));
      await requestBodies.insert(rows);
      const [one, two, three] = rows as [RequestBodyRow, RequestBodyRow, RequestBodyRow];
      expect(await requestBodies.after("req_zz0", 2)).toEqual([one, two]);
      expect(await requestBodies.after(two.request_id, 2)).toEqual([three]);
      expect(await requestBodies.after(three.request_id, 2)).toEqual([]);
      await requestBodies.replaceTexts(one.request_id, { request_body: "anew", response_body: null });
      expect(await requestBodies.get(one.request_id, 0)).toEqual({ ...one, request_body: "anew", response_body: null });
    });
  });
}
