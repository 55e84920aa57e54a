// Passwords guessed: at one account from many addresses, at many accounts from one, with names and addresses written in many ways.
import { scryptSync } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { throttleKey } from "../../../src/gateway/identity/source-address.ts";
import { userRow } from "../../../src/storage/rows.contract.ts";
import { type AdminApiUnderTest, startAdminApi } from "../../support/admin-api.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";

const password = "a password of the tests";
/** Checked in no time, so that hundreds of guesses can be made. */
const cheapHash = `scrypt$16$1$1$${Buffer.from("salt").toString("base64")}$${scryptSync(password, "salt", 32, { N: 16, r: 1, p: 1 }).toString("base64")}`;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function apiWith(emails: readonly string[]): Promise<AdminApiUnderTest> {
  const api = await startAdminApi({
    addressOf: ({ headers }) => String(headers["x-test-address"]),
    signIn: {
      oidc: [],
      client: { ask: () => Promise.reject(new Error("nobody is asked")) },
      hasProxy: false,
      announced: () => null,
      throttleKey,
    },
  });
  cleanUps.push(() => api.close());
  await api.storage.transaction(async ({ users }) => {
    for (const email of emails) await users.insert(userRow({ name: email, email, password_hash: cheapHash }));
  });
  return api;
}

/** The status. */
async function guess(api: AdminApiUnderTest, email: string, address: string, given = "a wrong guess"): Promise<number> {
  const headers = { "x-test-address": address };
  return (await api.call("POST", "/sessions", { email, password: given }, { token: null, headers })).status;
}

const count = (statuses: readonly number[], status: number) => statuses.filter((each) => each === status).length;

describe("spread over addresses", () => {
  test("a hundred guesses at an account are looked at, then not even the right one; its user gets in from where they usually are", async () => {
    const api = await apiWith(["ada@example.test", "bob@example.test"]);
    expect(await guess(api, "ada@example.test", "198.51.100.1", password)).toBe(201);
    const statuses: number[] = [];
    for (let index = 0; index < 130; index++) statuses.push(await guess(api, "ada@example.test", `192.0.2.${index}`));
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([100, 30]);
    expect(await guess(api, "ada@example.test", "203.0.113.9", password)).toBe(429);
    expect(await guess(api, "ada@example.test", "198.51.100.1", password)).toBe(201);
    expect(await guess(api, "bob@example.test", "192.0.2.1", password)).toBe(201);
  });

  test("those of one IPv6 network, of which a caller has 2^64, are one address", async () => {
    const api = await apiWith(["ada@example.test"]);
    const statuses: number[] = [];
    for (let index = 0; index < 15; index++) statuses.push(await guess(api, "ada@example.test", `2001:db8:1:2::${index + 1}`));
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([10, 5]);
    expect(await guess(api, "ada@example.test", "2001:db8:1:3::1", password)).toBe(201);
  });
});

describe("spread over accounts", () => {
  test("a hundred guesses from an address are looked at; others are let in meanwhile", async () => {
    const emails = Array.from({ length: 130 }, (_, index) => `person${index}@example.test`);
    const api = await apiWith(emails);
    const statuses: number[] = [];
    for (const email of emails) statuses.push(await guess(api, email, "192.0.2.1"));
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([100, 30]);
    expect(await guess(api, "person129@example.test", "192.0.2.1", password)).toBe(429);
    expect(await guess(api, "person129@example.test", "192.0.2.2", password)).toBe(201);
  });

  test("a password of one's own in between buys no more guesses at others", async () => {
    const api = await apiWith([
      "mallory@example.test",
      ...Array.from({ length: 130 }, (_, index) => `person${index}@example.test`),
    ]);
    const statuses: number[] = [];
    for (let index = 0; index < 130; index++) {
      if (index % 5 === 0) await guess(api, "mallory@example.test", "192.0.2.1", password);
      statuses.push(await guess(api, `person${index}@example.test`, "192.0.2.1"));
    }
    expect(count(statuses, 401)).toBe(100);
  });
});

describe("written in other ways", () => {
  test("an account is one: its case, spaces and forms of letters make no other of it", async () => {
    const api = await apiWith(["ada@example.test"]);
    const forms = ["ada@example.test", "ADA@example.test", " ada@example.test", "ada@EXAMPLE.test ", "ａda@example.test"];
    const statuses: number[] = [];
    for (let index = 0; index < 15; index++) statuses.push(await guess(api, forms[index % forms.length] as string, "192.0.2.1"));
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([10, 5]);
  });

  test("an address is the connection's: headers of those who are no trusted proxy make no other of it", async () => {
    const headgate: Headgate = await startHeadgate();
    cleanUps.push(() => headgate.stop());
    const tries = Array.from({ length: 14 }, (_, index) =>
      fetch(`${headgate.url}/admin/api/v1/sessions`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-forwarded-for": `192.0.2.${index}`,
          "x-real-ip": `192.0.2.${index}`,
          forwarded: `for=192.0.2.${index}`,
        },
        body: JSON.stringify({ email: "ada@example.test", password: "a wrong guess" }),
      }),
    );
    const statuses = (await Promise.all(tries)).map(({ status }) => status);
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([10, 4]);
  });
});

describe("in the log", () => {
  test("are failures with where they came from and whose account it was, in bounds, and never what was typed", async () => {
    const api = await apiWith(["ada@example.test"]);
    const lines = () =>
      api.logged.map((line) => JSON.parse(line)).filter(({ message }) => message === "a sign-in with a password has failed");
    await guess(api, "ada@example.test", "192.0.2.1", "a typed canary");
    await guess(api, "a-canary-typed-as@address.test", "192.0.2.2", "a typed canary");
    const { id } = (await api.storage.users.getByEmail("ada@example.test")) ?? {};
    expect(lines()).toEqual([
      expect.objectContaining({ address: "192.0.2.1", reason: "wrong_password", user_id: id, request_id: expect.any(String) }),
      expect.objectContaining({ address: "192.0.2.2", reason: "unknown_account" }),
    ]);
    expect(lines()[1]).not.toHaveProperty("user_id");
    for (let index = 0; index < 30; index++) await guess(api, "ada@example.test", "192.0.2.1");
    expect(lines().filter(({ address }) => address === "192.0.2.1")).toHaveLength(10);
    for (let index = 0; index < 90; index++) await guess(api, "ada@example.test", `198.51.100.${index}`);
    expect(lines()).toHaveLength(60);
    expect(lines().find(({ failures_not_logged }) => failures_not_logged !== undefined)).toMatchObject({
      address: "198.51.100.0",
      failures_not_logged: 21,
    });
    expect(api.logged.join("")).not.toContain("canary");
  });
});
