// What the data plane is told about a response is never "unknown" while that might change.
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { settledAttempt } from "../../test/support/ledger-records.ts";
import { StorageUnavailable } from "../storage/ports/errors.ts";
import { ResponseLookup } from "./response-lookup.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await testDatabase("sqlite");
  return () => database.remove();
});

const made = { deploymentId: "dep_1", endpointId: "ep_1", model: "gpt-4o", owner: "key:key_1" };
let hasCaughtUp = true;
afterEach(() => {
  hasCaughtUp = true;
});

function lookup(isPresent = true): ResponseLookup {
  return new ResponseLookup({ storage: () => (isPresent ? database.storage : null), hasCaughtUp: () => hasCaughtUp });
}

test("tells who made a response and where, until it is forgotten", async () => {
  await database.storage.ledger.ingest([settledAttempt({ responseId: "resp_1" })]);
  expect(await lookup().find("resp_1")).toEqual(made);
  expect(await lookup().find("resp_2")).toBeNull();
  await lookup().forget("resp_1");
  expect(await lookup().find("resp_1")).toBeNull();
});

test("calls nothing unknown while records of an earlier process are on their way", async () => {
  hasCaughtUp = false;
  await database.storage.ledger.ingest([settledAttempt({ responseId: "resp_1" })]);
  expect(await lookup().find("resp_1")).toEqual(made);
  await expect(lookup().find("resp_2")).rejects.toBeInstanceOf(StorageUnavailable);
});

test("calls nothing unknown when there is no database", async () => {
  await expect(lookup(false).find("resp_1")).rejects.toBeInstanceOf(StorageUnavailable);
  await expect(lookup(false).forget("resp_1")).rejects.toBeInstanceOf(StorageUnavailable);
});
