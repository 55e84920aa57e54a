// An id finds its maker at once when this process made it, else once per lookup, in time, and never somebody else's.
import { describe, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { contentOf, keyOf } from "../../domain/fixtures/views.ts";
import type { ResponseOwner } from "../../domain/response-owner.ts";
import type { Principal } from "../access.ts";
import type { ResponseSource } from "../ports.ts";
import { Snapshot } from "../snapshot.ts";
import { ownerOf, ResponseOwners, requireOwner } from "./response-owners.ts";

function madeBy(owner: string, deploymentId = "dep_1"): ResponseOwner {
  return { deploymentId, endpointId: "ep_1", model: "m", owner };
}

/** A table that answers when it is told to. */
class Table implements ResponseSource {
  readonly rows = new Map<string, ResponseOwner>();
  readonly asked: string[] = [];
  readonly forgotten: string[] = [];
  failure: Error | null = null;
  #held: Promise<void> = Promise.resolve();
  release: () => void = () => undefined;

  hold(): void {
    this.#held = new Promise((resolve) => {
      this.release = resolve;
    });
  }

  async find(id: string): Promise<ResponseOwner | null> {
    this.asked.push(id);
    const found = this.rows.get(id) ?? null;
    await this.#held;
    if (this.failure !== null) throw this.failure;
    return found;
  }

  async forget(id: string): Promise<void> {
    this.forgotten.push(id);
    if (this.failure !== null) throw this.failure;
  }
}

function setUp(entriesMax?: number): { owners: ResponseOwners; table: Table; clock: FakeClock } {
  const table = new Table();
  const clock = createFakeClock();
  return {
    owners: new ResponseOwners({ source: table, clock, ...(entriesMax === undefined ? {} : { entriesMax }) }),
    table,
    clock,
  };
}

function principal(id: string, userId: string | null = null): Principal {
  return new Snapshot(contentOf({ keys: [keyOf({ id, userId })] })).principalOfKey(id) as Principal;
}

describe("finding", () => {
  test("what this process made is there without a question, as long as it is among the last used", async () => {
    const { owners, table } = setUp(100);
    for (let index = 0; index < 1000; index++) {
      owners.remember(`resp_${index}`, madeBy(`key:${index}`));
      expect(owners.find("resp_0")).toEqual(madeBy("key:0"));
    }
    for (let index = 951; index < 1000; index++) expect(owners.find(`resp_${index}`)).toEqual(madeBy(`key:${index}`));
    expect(table.asked).toEqual([]);
    expect(await owners.find("resp_500")).toBeNull();
    expect(table.asked).toEqual(["resp_500"]);
  });

  test("what others made is asked for once, by however many calls, and then known", async () => {
    const { owners, table } = setUp();
    table.rows.set("resp_1", madeBy("key:a"));
    table.hold();
    const waiting = Array.from({ length: 50 }, () => owners.find("resp_1"));
    const other = owners.find("resp_2");
    table.release();
    for (const one of waiting) expect(await one).toEqual(madeBy("key:a"));
    expect(await other).toBeNull();
    expect(table.asked).toEqual(["resp_1", "resp_2"]);
    expect(owners.find("resp_1")).toEqual(madeBy("key:a"));
  });

  test("what is unknown is not asked for again for two seconds, and then it is", async () => {
    const { owners, table, clock } = setUp();
    expect(await owners.find("resp_1")).toBeNull();
    table.rows.set("resp_1", madeBy("key:a"));
    await clock.advance(1999);
    expect(owners.find("resp_1")).toBeNull();
    expect(table.asked).toHaveLength(1);
    await clock.advance(1);
    expect(await owners.find("resp_1")).toEqual(madeBy("key:a"));
  });

  test("what was unknown is known at once when it is made here", async () => {
    const { owners } = setUp();
    expect(await owners.find("resp_1")).toBeNull();
    owners.remember("resp_1", madeBy("key:a"));
    expect(owners.find("resp_1")).toEqual(madeBy("key:a"));
  });

  test("what is made while it is asked for is known to those who wait", async () => {
    const { owners, table } = setUp();
    table.hold();
    const waiting = owners.find("resp_1");
    owners.remember("resp_1", madeBy("key:a"));
    table.release();
    expect(await waiting).toEqual(madeBy("key:a"));
    expect(owners.find("resp_1")).toEqual(madeBy("key:a"));
  });

  test("the first who made it stays its owner, here and over what the ledger has", async () => {
    const { owners, table } = setUp();
    owners.remember("resp_1", madeBy("key:a"));
    owners.remember("resp_1", madeBy("key:b"));
    expect(owners.find("resp_1")).toEqual(madeBy("key:a"));
    table.rows.set("resp_2", madeBy("key:a"));
    table.hold();
    const waiting = owners.find("resp_2");
    owners.remember("resp_2", madeBy("key:b"));
    table.release();
    expect(await waiting).toEqual(madeBy("key:a"));
    expect(owners.find("resp_2")).toEqual(madeBy("key:a"));
  });

  test("an id that no response can have is not asked for", () => {
    const { owners, table } = setUp();
    for (const id of ["", "a/b", "a b", "%41", "é", "x".repeat(513), "a\u0000"]) {
      owners.remember(id, madeBy("key:a"));
      expect(owners.find(id)).toBeNull();
    }
    expect(table.asked).toEqual([]);
  });
});

describe("when it can't be told", () => {
  const unavailable = { code: "state_unavailable", status: 503, options: { retryAfterSeconds: 2 } };

  test("a failure is no 'unknown': the next call asks again", async () => {
    const { owners, table } = setUp();
    table.rows.set("resp_1", madeBy("key:a"));
    table.failure = new Error("10.1.2.3 is away");
    const refused = await Promise.resolve(owners.find("resp_1")).catch((error: unknown) => error);
    expect(refused).toMatchObject({ ...unavailable, options: { detail: expect.stringContaining("10.1.2.3") } });
    expect(String(refused)).not.toContain("10.1.2.3");
    table.failure = null;
    expect(await owners.find("resp_1")).toEqual(madeBy("key:a"));
  });

  test("a caller waits two seconds at most; later ones join the same lookup, and what it brings is kept", async () => {
    const { owners, table, clock } = setUp();
    table.rows.set("resp_1", madeBy("key:a"));
    table.hold();
    const first = expect(owners.find("resp_1")).rejects.toMatchObject(unavailable);
    await clock.advance(1000);
    const second = expect(owners.find("resp_1")).rejects.toMatchObject(unavailable);
    await clock.advance(1000);
    await first;
    await clock.advance(1000);
    await second;
    const third = owners.find("resp_1");
    table.release();
    expect(await third).toEqual(madeBy("key:a"));
    expect(table.asked).toEqual(["resp_1"]);
    expect(clock.pending).toBe(0);
  });

  test("no more than a thousand ids are looked up at once", async () => {
    const { owners, table } = setUp();
    table.hold();
    const waiting = Array.from({ length: 1000 }, (_, index) => owners.find(`resp_${index}`));
    await expect(owners.find("resp_more")).rejects.toMatchObject(unavailable);
    const joined = owners.find("resp_0");
    table.release();
    expect(await Promise.all([...waiting, joined])).toEqual(Array(1001).fill(null));
    expect(await owners.find("resp_more")).toBeNull();
  });
});

test("what is forgotten is asked for again, whether its provider's word could be kept or not", async () => {
  const { owners, table } = setUp();
  owners.remember("resp_1", madeBy("key:a"));
  table.failure = new Error("away");
  owners.forget("resp_1");
  table.failure = null;
  expect(table.forgotten).toEqual(["resp_1"]);
  expect(await owners.find("resp_1")).toBeNull();
});

describe("whose it is", () => {
  const sameAnswer = { code: "response_not_found", status: 404 };

  test("a key's own, or the user's of whom the key is one", async () => {
    const { owners } = setUp();
    owners.remember("resp_key", madeBy(ownerOf(principal("key_1"))));
    owners.remember("resp_user", madeBy(ownerOf(principal("key_2", "usr_1"))));
    const require = (caller: Principal, id: string) => requireOwner(owners, caller, id, null);
    await expect(require(principal("key_1"), "resp_key")).resolves.toMatchObject({ deploymentId: "dep_1" });
    await expect(require(principal("key_3", "usr_1"), "resp_user")).resolves.toMatchObject({ deploymentId: "dep_1" });
    const strangers = [principal("key_2"), principal("usr_1"), principal("key_1", "usr_2"), principal("key_2", "key_1")];
    for (const stranger of strangers) {
      for (const id of ["resp_key", "resp_user", "resp_unknown", "no/id"]) {
        await expect(require(stranger, id)).rejects.toMatchObject(sameAnswer);
      }
    }
  });

  test("unknown and another's give the same error, naming the field of the body", async () => {
    const { owners } = setUp();
    owners.remember("resp_1", madeBy("key:key_1"));
    const errors = await Promise.all(
      ["resp_1", "resp_2"].map((id) =>
        requireOwner(owners, principal("key_2"), id, "previous_response_id").catch((error: unknown) => error),
      ),
    );
    for (const error of errors) expect(error).toMatchObject({ ...sameAnswer, options: { field: "previous_response_id" } });
    expect(String(errors[0])).toBe(String(errors[1]));
  });
});
