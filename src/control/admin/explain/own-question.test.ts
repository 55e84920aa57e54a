// POST /explain for those who may ask about their own calls alone: what they can ask, and what they are not shown.
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import { type Person, person } from "../../../../test/support/people.ts";
import type { ExplainQuestion } from "../../../domain/explanation.ts";
import { ExplainedPool } from "../../../gateway/routing/fixtures/explained-pool.ts";

const pool = new ExplainedPool({
  targets: [{ id: "dep_hidden" }, { id: "dep_gone", status: "offline", reason: "hidden reason" }],
  keys: [{ id: "key_denied", models: ["other"] }],
});
let api: AdminApiUnderTest;
let asked: ExplainQuestion[] = [];
let isAllowed = true;
let people: Person[];
let others: { user: string; key: string };
beforeAll(async () => {
  api = await startAdminApi({
    explain(question) {
      asked.push(question);
      return pool.explain({ ...question, userId: null, keyId: isAllowed ? null : "key_denied" });
    },
  });
  people = [await person(api, "member"), await person(api, "group_manager")];
  const group = (await api.call("POST", "/groups", { name: "together" })).body.id;
  for (const { id } of people) await api.call("PUT", `/groups/${group}/members/${id}`);
  const { id: user } = await person(api, "member", "another");
  await api.call("PUT", `/groups/${group}/members/${user}`);
  others = { user, key: (await api.call("POST", "/keys", { name: "theirs", user_id: user, group_id: group })).body.id };
});
afterAll(() => api.close());
beforeEach(() => {
  asked = [];
  isAllowed = true;
});

it("is about the asker, or a key of theirs; others' keys and users are as if they were not there", async () => {
  for (const { id, call } of people) {
    asked = [];
    const own = (await call("POST", "/keys", { name: "own" })).body.id;
    for (const body of [{}, { user_id: id }, { key_id: own }]) {
      expect((await call("POST", "/explain", { model: "m", ...body })).status).toBe(200);
    }
    expect(asked.map(({ keyId, userId }) => [keyId, userId])).toEqual([
      [null, id],
      [null, id],
      [own, null],
    ]);
    for (const [field, value] of [
      ["user_id", others.user],
      ["user_id", "usr_nobody"],
      ["key_id", others.key],
      ["key_id", "key_nothing"],
    ] as const) {
      const { status, body } = await call("POST", "/explain", { model: "m", [field]: value });
      const message = `${field}: there is no ${field === "key_id" ? "key" : "user"} with this id`;
      expect([status, body.error.field, body.error.message]).toEqual([422, field, message]);
    }
    expect(asked).toHaveLength(3);
  }
});

it("shows what would happen, and nothing of what stands behind the model", async () => {
  for (const { call } of people) {
    const { body, text } = await call("POST", "/explain", { model: "m" });
    expect(body).toMatchObject({ kind: "pool", candidates: [], access: { allowed: true } });
    expect(body.decision).toMatchObject({
      outcome: "attempt",
      deployment: null,
      endpoint: null,
      upstream_model: null,
      share: null,
    });
    expect(text).not.toMatch(/hidden|dep_/);
  }
});

it("does not tell a model that is not theirs from one that there is not", async () => {
  isAllowed = false;
  for (const { call } of people) {
    const there = await call("POST", "/explain", { model: "m" });
    const missing = await call("POST", "/explain", { model: "n" });
    expect(there.body.decision.error.code).toBe("model_not_found");
    expect({ ...there.body, model: "n" }).toEqual(missing.body);
  }
});
