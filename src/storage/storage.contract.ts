// What every storage engine must do; sqlite.test.ts and postgres.test.ts run it against a file on disk and a real server.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../test/support/database.ts";
import { accountsContract } from "./accounts.contract.ts";
import { adjustmentsContract } from "./adjustments.contract.ts";
import { configurationContract } from "./configuration.contract.ts";
import { deletedEndpointsContract } from "./deleted-endpoints.contract.ts";
import { exportsContract } from "./exports.contract.ts";
import { ledgerContract } from "./ledger.contract.ts";
import { limitsContract } from "./limits.contract.ts";
import { listsContract } from "./lists.contract.ts";
import { migrationContract } from "./migration.contract.ts";
import { overviewContract } from "./overview.contract.ts";
import { ownershipContract } from "./ownership.contract.ts";
import { peopleContract } from "./people.contract.ts";
import type { Engine, Storage } from "./ports/storage.ts";
import { pricesContract } from "./prices.contract.ts";
import { replicasContract } from "./replicas.contract.ts";
import { requestBodiesContract } from "./request-bodies.contract.ts";
import { responsesContract } from "./responses.contract.ts";
import { spendContract } from "./spend.contract.ts";

/** The database that the tests of one `describe` share, each with names of its own. */
export interface ContractDatabase {
  readonly storage: Storage;
  readonly location: TestDatabase["location"];
}

/** Registers the whole suite. */
export function storageContract(engine: Engine): void {
  migrationContract(engine);
  describe("with a migrated database", () => {
    let opened: TestDatabase;
    beforeAll(async () => {
      opened = await testDatabase(engine);
    });
    afterAll(() => opened.remove());
    const database: ContractDatabase = {
      get storage() {
        return opened.storage;
      },
      get location() {
        return opened.location;
      },
    };
    transactionContract(database);
    configurationContract(database);
    peopleContract(database);
    accountsContract(database);
    exportsContract(database);
    deletedEndpointsContract(database);
    ledgerContract(database);
    spendContract(database);
    adjustmentsContract(database);
    overviewContract(database);
    ownershipContract(database);
    limitsContract(database);
    listsContract(database);
    responsesContract(database);
    requestBodiesContract(database);
    replicasContract(database);
    pricesContract(database);
  });
}

function transactionContract(database: ContractDatabase): void {
  describe("transactions", () => {
    test("a throw rolls everything back and comes out as it is", async () => {
      const { storage } = database;
      const failure = new Error("on purpose");
      const work = storage.transaction(async (inside) => {
        await inside.meta.set("rolled-back", "yes");
        expect(await inside.meta.get("rolled-back")).toBe("yes");
        throw failure;
      });
      await expect(work).rejects.toBe(failure);
      expect(await storage.meta.get("rolled-back")).toBeNull();
    });

    test("nobody outside sees a change before its transaction ends", async () => {
      const { storage } = database;
      await storage.transaction(async (inside) => {
        await inside.meta.set("committed", "yes");
        expect(await storage.meta.get("committed")).toBeNull();
      });
      expect(await storage.meta.get("committed")).toBe("yes");
    });

    test("configuration versions are handed out once each to concurrent transactions", async () => {
      const { storage } = database;
      const before = await storage.meta.configVersion();
      const bump = () => storage.transaction((inside) => inside.meta.bumpConfigVersion());
      const versions = await Promise.all(Array.from({ length: 20 }, bump));
      expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => before + index + 1));
      expect(await storage.meta.configVersion()).toBe(before + 20);
    });

    test("a value of meta is replaced by the next one", async () => {
      const { storage } = database;
      await storage.meta.set("twice", "first");
      await storage.meta.set("twice", "second");
      expect(await storage.meta.get("twice")).toBe("second");
      expect(await storage.meta.get("never")).toBeNull();
    });

    test("ping answers", async () => {
      await expect(database.storage.ping()).resolves.toBeUndefined();
    });
  });
}
