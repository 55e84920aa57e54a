// An entry of the audit log holds what differs, nothing secret, and no more than it may.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestDatabase, testDatabase } from "../../../test/support/database.ts";
import type { AuditRow } from "../../storage/ports/audit.ts";
import { type Change, recordChange } from "./record-change.ts";

const canary = "canary-4711-of-a-secret";
const secretNames = [
  "api_key",
  "apiKey",
  "x-api-key",
  "key",
  "token",
  "tokens",
  "csrf_token",
  "password",
  "password_hash",
  "newPassword",
  "secret",
  "client_secret",
  "digest",
  "previous_digest",
  "api_key_ciphertext",
  "headers_ciphertext",
  "authorization",
  "Proxy-Authorization",
  "cookie",
  "credentials",
];
const plainNames = ["name", "url", "models", "limits", "weight", "key_id", "auth_header_name", "tokens_per_minute", "prefix"];

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase("sqlite");
});
afterAll(() => database.remove());

async function recorded(change: Partial<Change>): Promise<AuditRow> {
  const { storage } = database;
  await storage.transaction((tx) =>
    recordChange(tx, {
      actor: { kind: "system", name: "config" },
      requestId: null,
      action: "thing.update",
      resource: { kind: "thing", id: "thg_1", name: "one" },
      before: null,
      after: null,
      nowMs: 1,
      ...change,
    }),
  );
  const [row] = (await storage.audit.page({}, { limit: 1 })).rows;
  return row as AuditRow;
}

const sides = ({ before, after }: AuditRow) => [before, after].map((side) => (side === null ? null : JSON.parse(side)));

test("who, where from, with which request, what", async () => {
  const rest = { role: "administrator", userId: "usr_1", groupIds: [], sessionId: "ses_1" } as const;
  const actor = { kind: "user", id: "usr_1", name: "Ada", address: "192.0.2.1", ...rest } as const;
  const row = await recorded({ actor, requestId: "req_1", before: { name: "a", weight: 1 }, after: { name: "b", weight: 1 } });
  expect(row).toEqual({
    id: expect.stringMatching(/^aud_/),
    at: 1,
    actor_kind: "user",
    actor_id: "usr_1",
    actor_name: "Ada",
    address: "192.0.2.1",
    request_id: "req_1",
    action: "thing.update",
    resource_kind: "thing",
    resource_id: "thg_1",
    resource_name: "one",
    before: '{"name":"a"}',
    after: '{"name":"b"}',
  });
  expect(await recorded({})).toMatchObject({ actor_kind: "system", actor_id: null, actor_name: "config", address: null });
});

const name = fc.constantFrom(...plainNames);
const fieldsOf = (value: fc.Arbitrary<unknown>) => fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true });
const plainValue = fc.jsonValue({ maxDepth: 2, noUnicodeString: false }).filter((value) => !Object.is(value, -0));

test("of two sides just the fields that differ, whatever the order of their names; of one side all", async () => {
  await fc.assert(
    fc.asyncProperty(
      fieldsOf(fc.oneof(fc.nat(3), fc.array(fc.nat(2)), fieldsOf(fc.nat(2)))),
      fieldsOf(fc.nat(3)),
      async (a, b) => {
        const before: Record<string, unknown> = { ...a, updated_at: "yesterday", version: 1 };
        const after: Record<string, unknown> = { updated_at: "today", version: 2, ...reversed({ ...a, ...b }) };
        const [shownBefore, shownAfter] = sides(await recorded({ before, after }));
        const changed = Object.keys(b).filter((field) => !(field in a) || JSON.stringify(a[field]) !== JSON.stringify(b[field]));
        expect(Object.keys(shownAfter).toSorted()).toEqual(changed.toSorted());
        for (const field of changed) expect(shownAfter[field]).toEqual(b[field]);
        expect(shownBefore).toEqual(Object.fromEntries(changed.filter((field) => field in a).map((field) => [field, a[field]])));
        expect(sides(await recorded({ before: null, after }))).toEqual([null, after]);
        expect(sides(await recorded({ before, after: null }))).toEqual([before, null]);
      },
    ),
    { numRuns: 60 },
  );
});

function reversed(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields)
      .toReversed()
      .map(([field, value]) => [
        field,
        typeof value === "object" && value !== null && !Array.isArray(value) ? reversed(value as Record<string, unknown>) : value,
      ]),
  );
}

describe("what a name says to be secret", () => {
  const secretValue = fc.oneof(
    fc.constant(canary),
    fc.constant([canary]),
    fc.constant({ of_provider: canary }),
    fc.constant([{ value: canary }]),
  );
  const secretField = fc.tuple(fc.constantFrom(...secretNames), secretValue);
  const nested = fc.letrec((tie) => ({
    object: fc
      .tuple(fieldsOf(tie("value")), fc.array(secretField, { maxLength: 3 }))
      .map(([fields, secrets]) => ({ ...fields, ...Object.fromEntries(secrets) })),
    value: fc.oneof({ maxDepth: 3 }, plainValue, tie("object"), fc.array(tie("object"), { maxLength: 2 })),
  })).object as fc.Arbitrary<Record<string, unknown>>;

  test("is never written, at whatever depth, on whichever side", async () => {
    await fc.assert(
      fc.asyncProperty(fc.option(nested), fc.option(nested), async (before, after) => {
        expect(JSON.stringify(await recorded({ before, after }))).not.toContain("canary");
      }),
      { numRuns: 150 },
    );
  });

  test("is shown to have changed, to have come, to have gone; not where it is the same", async () => {
    const at = (api_key: string | null) => ({ name: "one", api_key, has_api_key: api_key !== null });
    expect(sides(await recorded({ before: at(canary), after: at(`${canary}2`) }))).toEqual([
      { api_key: "[secret]" },
      { api_key: "[secret]" },
    ]);
    expect(sides(await recorded({ before: at(null), after: at(canary) }))).toEqual([
      { api_key: null, has_api_key: false },
      { api_key: "[secret]", has_api_key: true },
    ]);
    expect(sides(await recorded({ before: at(canary), after: { ...at(canary), name: "two" } }))).toEqual([
      { name: "one" },
      { name: "two" },
    ]);
  });

  test.each(["authorization", "X-Auth", "x-functions-key", "ocp-apim-subscription-key", "x-amz-security-token", "X-Session"])(
    "covers the header %s",
    async (header) => {
      const [, after] = sides(await recorded({ after: { headers: { [header]: canary, "x-team": "research" } } }));
      expect(after).toEqual({ headers: { [header]: "[secret]", "x-team": "research" } });
    },
  );

  test("covers query parameters, and what stands in URLs", async () => {
    const query = { "api-version": "2024-10-21", key: canary, sig: canary };
    const url = `https://ada:p@${canary}@provider.test/v1?api_key=${canary}&api-version=1`;
    const [, after] = sides(await recorded({ after: { query, url } }));
    expect(after).toEqual({
      query: { "api-version": "2024-10-21", key: "[secret]", sig: "[secret]" },
      url: "https://[secret]@provider.test/v1?api_key=[secret]&api-version=1",
    });
  });

  test("leaves what merely sounds like it", async () => {
    const after = {
      has_api_key: true,
      auth_header_name: "Authorization",
      limits: { tokens_per_minute: 5, max_output_tokens: 100 },
      key_id: "key_1",
      key_prefix: "sk-hg-abc",
      api_key: null,
      models: ["token-model"],
    };
    expect(sides(await recorded({ after }))).toEqual([null, after]);
  });
});

describe("a side", () => {
  const maxBytes = 16 * 1024;

  test("is never longer than 16 KB, and stays JSON", async () => {
    const long = fc.string({ unit: "binary", minLength: 100, maxLength: 200 }).map((text) => text.repeat(60));
    const big = fc.dictionary(fc.string({ maxLength: 80 }), fc.oneof(long, fc.array(long, { maxLength: 4 }), fc.nat()), {
      maxKeys: 120,
      size: "max",
      noNullPrototype: true,
    });
    await fc.assert(
      fc.asyncProperty(big, async (fields) => {
        const { after } = await recorded({ after: fields });
        expect(Buffer.byteLength(after as string)).toBeLessThanOrEqual(maxBytes);
        expect(JSON.parse(after as string)).toBeTypeOf("object");
      }),
      { numRuns: 40 },
    );
  });

  test("says what was cut from it, and keeps what is short", async () => {
    const models = Array.from({ length: 3000 }, (_, index) => `model-${index}`);
    const [, after] = sides(await recorded({ after: { name: "one", models, weight: 2 } }));
    expect(after).toMatchObject({ name: "one", weight: 2 });
    expect(after.models).toMatch(/^\["model-0","model-1",.*… \[cut: \d+ bytes\]$/);
    const many = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`field ${index}`, "x".repeat(20)]));
    expect(sides(await recorded({ after: many }))[1]).toMatchObject({
      "field 0": "x".repeat(20),
      "…": "[cut: 1936 more fields]",
    });
  });
});
