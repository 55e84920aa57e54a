// Request rates of callers, and what tokens that nobody knows can do to a Headgate and to its identity provider.
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { callMany } from "../../support/caller.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { globusPerson, type MockGlobus, startMockGlobus } from "../../support/mock-globus.ts";
import { ShiftedClock } from "../../support/shifted-clock.ts";
import { refusal, type Site, type SiteAnswer, startSite, statuses } from "./site.ts";

let globus: MockGlobus;
let site: Site;
let clock: ShiftedClock;

beforeAll(async () => {
  globus = await startMockGlobus();
});
afterAll(() => globus.stop());
beforeEach(() => {
  globus.reset();
  // What is counted in seconds and minutes is counted the same on a machine that takes its time.
  clock = new ShiftedClock().standStill();
});
afterEach(() => site?.stop());

async function start(env: Record<string, string> = {}, config: Record<string, unknown> = {}): Promise<void> {
  site = await startSite({
    clock,
    config,
    models: ["m", "n"],
    env: {
      GLOBUS_APPLICATION_ID: globus.clientId,
      GLOBUS_APPLICATION_SECRET: globus.clientSecret,
      HEADGATE_GLOBUS_AUTH_URL: globus.url,
      HEADGATE_GLOBUS_GROUPS_URL: globus.url,
      AUTHORIZED_IDP_DOMAINS: "uni.edu",
      ...env,
    },
  });
}

/** The token of a person who is known already: asking who one is costs nothing. */
async function signedIn(name: string, groups: string[] = []): Promise<string> {
  const token = `token-of-${name}`;
  globus.tokens.set(token, globusPerson(`${name}@uni.edu`, { groups: groups.map((id) => ({ id })) }));
  expect((await site.whoami(token)).status).toBe(200);
  return token;
}

const userOf = (name: string) => site.listed("users", { username: `${name}@uni.edu` });

function calls(count: number, call: () => Promise<SiteAnswer>): Promise<SiteAnswer[]> {
  return Promise.all(Array.from({ length: count }, call));
}

async function inTurn(count: number, call: () => Promise<SiteAnswer>): Promise<SiteAnswer[]> {
  const answers: SiteAnswer[] = [];
  for (let made = 0; made < count; made++) answers.push(await call());
  return answers;
}

describe("rates", () => {
  test("case 30: RATE_LIMIT_PER_SEC_PER_USER=10: of 30 calls in a second 20 get 429 with retry-after; others are unaffected", async () => {
    await start({ RATE_LIMIT_PER_SEC_PER_USER: "10" });
    const [eager, other] = [await signedIn("eager"), await signedIn("other")];
    const key = await site.headgate.createKey();
    const [first, ofOther, ofKey] = await Promise.all([
      calls(30, () => site.chat(eager)),
      calls(5, () => site.chat(other)),
      calls(30, () => site.chat(key)),
    ]);
    expect(statuses(first)).toEqual({ 200: 10, 429: 20 });
    expect(statuses(ofOther)).toEqual({ 200: 5 });
    expect(statuses(ofKey)).toEqual({ 200: 30 });
    for (const answer of first.filter(({ status }) => status === 429)) {
      expect(refusal(answer)).toEqual([429, "rate_limit_exceeded"]);
      // In the millisecond of those that were let in, a second from then is over in 1,001 ms.
      expect(["1", "2"]).toContain(answer.headers["retry-after"]);
      expect(answer.headers["x-headgate-error-source"]).toBe("gateway");
      expect(answer.body.error.message).toContain("10 requests a second");
    }
    clock.forward(1);
    expect((await site.chat(eager)).headers["retry-after"]).toBe("1");
    clock.forward(1000);
    expect((await site.chat(eager)).status).toBe(200);
  });

  test("case 30: at most 10 in any second: a caller who goes on at full speed gets no more", async () => {
    clock = new ShiftedClock();
    await start({ RATE_LIMIT_PER_SEC_PER_USER: "10" });
    const token = await signedIn("eager");
    const admittedAtMs: number[] = [];
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < 2500) {
      const [answer] = await calls(1, () => site.chat(token));
      if (answer?.status === 200) admittedAtMs.push(performance.now());
    }
    // 10 at once, and 10 more after every second; what is seen here is a little later than when it was admitted.
    expect(admittedAtMs.length).toBeGreaterThan(10);
    expect(admittedAtMs.length).toBeLessThanOrEqual(10 * Math.ceil((performance.now() - startedAtMs) / 1000));
  });

  test("case 30: a group's rate is shared by its members, and concerns nobody else", async () => {
    await start();
    const made = await site.change("POST", "/groups", {
      name: "class",
      source: "globus",
      external_id: "g1",
      limits: { requests_per_second: 6 },
    });
    const [a, b, outsider] = [await signedIn("a", ["g1"]), await signedIn("b", ["g1"]), await signedIn("c", ["g2"])];
    const together = (await Promise.all([calls(10, () => site.chat(a)), calls(10, () => site.chat(b))])).flat();
    expect(statuses(together)).toEqual({ 200: 6, 429: 14 });
    expect(statuses(await calls(10, () => site.chat(outsider)))).toEqual({ 200: 10 });
    await site.change("PATCH", `/groups/${made.id}`, { limits: null });
    expect(statuses(await calls(10, () => site.chat(a)))).toEqual({ 200: 10 });
  });

  test("retry-after is exact: a second before it is over the call is refused, and then it is not", async () => {
    await start();
    const token = await signedIn("alice");
    const { id } = await userOf("alice");
    await site.change("PATCH", `/users/${id}`, { limits: { requests_per_minute: 3 } });
    expect((await site.chat(token)).status).toBe(200);
    clock.forward(20_000);
    expect(statuses(await inTurn(2, () => site.chat(token)))).toEqual({ 200: 2 });
    const refused = await site.chat(token);
    expect(refused.body.error.message).toContain("3 requests a minute");
    const waitSeconds = Number(refused.headers["retry-after"]);
    // A minute is counted in slots of 10 ms, and over with the whole of the first: that is a little more than 40 s.
    expect(waitSeconds).toBe(41);
    // An early call costs nothing.
    clock.forward((waitSeconds - 1) * 1000);
    const early = await site.chat(token);
    expect([early.status, early.headers["retry-after"]]).toEqual([429, "1"]);
    clock.forward(Number(early.headers["retry-after"]) * 1000);
    expect((await site.chat(token)).status).toBe(200);
    expect((await site.chat(token)).status).toBe(429);
  });

  test("keys, users and models have rates of their own, set by the admin API", async () => {
    await start();
    const limits = { requests_per_minute: 2 };
    const made = await site.change("POST", "/keys", { name: "held", limits });
    const free = await site.headgate.createKey();
    expect(statuses(await calls(6, () => site.chat(made.key)))).toEqual({ 200: 2, 429: 4 });
    await site.change("PATCH", `/keys/${made.id}`, { limits: { requests_per_minute: 5 } });
    expect(statuses(await calls(6, () => site.chat(made.key)))).toEqual({ 200: 3, 429: 3 });
    await site.change("PATCH", `/keys/${made.id}`, { limits: null });
    expect(statuses(await calls(6, () => site.chat(made.key)))).toEqual({ 200: 6 });

    await site.setModel("m", { limits });
    const token = await signedIn("alice");
    const together = (await Promise.all([calls(3, () => site.chat(free)), calls(3, () => site.chat(token))])).flat();
    expect(statuses(together)).toEqual({ 200: 2, 429: 4 });
    expect(together.find(({ status }) => status === 429)?.body.error.message).toContain("'m'");
    expect(statuses(await calls(6, () => site.chat(free, "n")))).toEqual({ 200: 6 });

    // A user's keys and tokens draw on the same.
    const { id } = await userOf("alice");
    await site.change("PATCH", `/users/${id}`, { limits });
    const own = await site.headgate.createKey({ user_id: id });
    expect(statuses([await site.chat(own, "n"), await site.chat(token, "n")])).toEqual({ 200: 2 });
    expect(statuses([await site.chat(own, "n"), await site.chat(token, "n")])).toEqual({ 429: 2 });
  });

  test("a user's own limit goes before RATE_LIMIT_PER_SEC_PER_USER, upwards and to none; null gives the default back", async () => {
    await start({ RATE_LIMIT_PER_SEC_PER_USER: "3" });
    const token = await signedIn("alice");
    const { id } = await userOf("alice");
    const admitted = async () => statuses(await calls(20, () => site.chat(token)))[200];
    expect(await admitted()).toBe(3);
    for (const [limits, count] of [
      [{ requests_per_second: 7 }, 7],
      [{ requests_per_second: null }, 20],
      [{}, 20],
      [null, 3],
    ] as const) {
      clock.forward(2000);
      await site.change("PATCH", `/users/${id}`, { limits });
      expect([limits, await admitted()]).toEqual([limits, count]);
    }
  });

  test("all or nothing: what one limit refuses takes nothing from the others", async () => {
    await start();
    const token = await signedIn("alice");
    const { id } = await userOf("alice");
    await site.change("PATCH", `/users/${id}`, { limits: { requests_per_minute: 5 } });
    await site.setModel("m", { limits: { requests_per_minute: 1 } });
    expect((await site.chat(token)).status).toBe(200);
    expect(statuses(await calls(30, () => site.chat(token)))).toEqual({ 429: 30 });
    expect(statuses(await calls(10, () => site.chat(token, "n")))).toEqual({ 200: 4, 429: 6 });
  });

  test("listing models, whoami and calls of unknown models cost nothing; refused calls reach no provider", async () => {
    await start();
    const token = await signedIn("alice");
    const { id } = await userOf("alice");
    await site.change("PATCH", `/users/${id}`, { limits: { requests_per_minute: 2 } });
    for (const path of ["/v1/models", "/v1/models/m", "/resource_server/whoami", "/resource_server/list-endpoints"]) {
      expect(statuses(await calls(10, () => site.get(path, token)))).toEqual({ 200: 10 });
    }
    expect(statuses(await calls(10, () => site.chat(token, "no-such-model")))).toEqual({ 404: 10 });
    expect(statuses(await calls(10, () => site.chat(token)))).toEqual({ 200: 2, 429: 8 });
    expect(site.provider.calls).toHaveLength(2);
    expect(statuses(await calls(5, () => site.get("/v1/models", token)))).toEqual({ 200: 5 });
  });

  test("an Anthropic client is told in its own shape", async () => {
    await start();
    const made = await site.change("POST", "/keys", { name: "claude", limits: { requests_per_minute: 1 } });
    const who = { "x-api-key": made.key, "anthropic-version": "2023-06-01" };
    const body = { model: "m", max_tokens: 5, messages: [{ role: "user", content: "hi" }] };
    expect((await site.send("POST", "/v1/messages", who, { body })).status).toBe(200);
    const refused = await site.send("POST", "/v1/messages", who, { body });
    expect([refused.status, refused.body.type, refused.body.error.type]).toEqual([429, "error", "rate_limit_error"]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  });
});

describe("tokens that nobody knows", () => {
  // Never "sk-…": what looks like a key is no provider's business.
  const random = () => `t${randomBytes(24).toString("base64url")}`;

  test("10,000 from one address: Globus is asked no more than 100 times a minute, and known callers go on", {
    timeout: 120_000,
  }, async () => {
    await start();
    const [known, key] = [await signedIn("known"), await site.headgate.createKey()];
    globus.requests = [];
    globus.delayMs = 20;
    let isOver = false;
    const flood = callMany(10_000, 48, () => site.whoami(random())).finally(() => {
      isOver = true;
    });
    const tookMs: number[] = [];
    const ofKnown: { status: number }[] = [];
    while (!isOver) {
      const startedAtMs = performance.now();
      ofKnown.push(await site.chat(ofKnown.length % 2 === 0 ? known : key));
      tookMs.push(performance.now() - startedAtMs);
    }
    const answers = await flood;
    expect(statuses(answers)).toEqual({ 401: 100, 429: 9900 });
    expect(globus.count("introspect")).toBe(100);
    expect(statuses(ofKnown)).toEqual({ 200: ofKnown.length });
    expect(ofKnown.length).toBeGreaterThan(10);
    expect(tookMs.sort((a, b) => a - b)[Math.floor(tookMs.length / 2)]).toBeLessThan(1000);
    const refused = answers.find(({ status }) => status === 429) as SiteAnswer;
    expect(refusal(refused)).toEqual([429, "rate_limit_exceeded"]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(Number(refused.headers["retry-after"])).toBeLessThanOrEqual(60);

    // The address has its bound again a minute later, and good tokens from it were never forgotten.
    expect(refusal(await site.whoami(random()))).toEqual([429, "rate_limit_exceeded"]);
    clock.forward(60_001);
    expect(refusal(await site.whoami(random()))).toEqual([401, "invalid_key"]);
    expect((await site.chat(known)).status).toBe(200);
  });

  test("good tokens are not counted: a class of 300 comes in through one address", async () => {
    await start();
    const tokens = Array.from({ length: 300 }, (_, index) => `token-of-student-${index}`);
    for (const [index, token] of tokens.entries()) globus.tokens.set(token, globusPerson(`student-${index}@uni.edu`));
    const answers = await callMany(300, 50, (index) => site.chat(tokens[index] as string));
    expect(statuses(answers)).toEqual({ 200: 300 });
    expect((await site.whoami(random())).status).toBe(401);
  });

  test("behind a trusted proxy the bound is each caller's own, and a header of the caller's own changes nothing", async () => {
    await start({}, { server: { trusted_proxies: ["127.0.0.1"] } });
    const from = (address: string, token: string) =>
      site.whoami({ authorization: `Bearer ${token}`, "x-forwarded-for": address });
    const flood = await callMany(150, 20, (index) => from(`198.51.100.${index % 250}, 203.0.113.5`, random()));
    expect(statuses(flood)).toEqual({ 401: 100, 429: 50 });
    clock.forward(1001);
    globus.tokens.set("newcomer", globusPerson("new@uni.edu"));
    expect((await from("203.0.113.5", "newcomer")).status).toBe(429);
    expect((await from("203.0.113.6", "newcomer")).status).toBe(200);
    expect((await from("203.0.113.5", "newcomer")).status).toBe(200);
  });

  test("without one x-forwarded-for is anybody's word, and frees nobody from the bound", async () => {
    await start();
    const flood = await callMany(150, 20, (index) =>
      site.whoami({ authorization: `Bearer ${random()}`, "x-forwarded-for": `198.51.100.${index}` }),
    );
    expect(statuses(flood)).toEqual({ 401: 100, 429: 50 });
  });

  test("from many addresses: Globus is asked no more than 200 times a second", async () => {
    await start({}, { server: { trusted_proxies: ["127.0.0.1"] } });
    const flood = await callMany(400, 60, (index) =>
      site.whoami({ authorization: `Bearer ${random()}`, "x-forwarded-for": `10.1.${index}.1` }),
    );
    expect(statuses(flood)).toEqual({ 401: 200, 429: 200 });
  });

  test("keys that nobody knows are refused here and count for nothing", async () => {
    await start();
    const answers = await callMany(1000, 48, () => site.whoami(`sk-hg-${random()}`));
    expect(statuses(answers)).toEqual({ 401: 1000 });
    expect(globus.requests).toEqual([]);
    expect((await signedIn("alice")).length).toBeGreaterThan(0);
  });

  test("they leave no users, and nothing of them in the log", async () => {
    await start();
    const tokens = Array.from({ length: 30 }, random);
    await callMany(30, 10, (index) => site.whoami(tokens[index] as string));
    expect((await site.change("GET", "/users")).data.filter(({ source }: LooseJson) => source === "globus")).toEqual([]);
    const log = site.headgate.logText();
    expect(tokens.filter((token) => log.includes(token))).toEqual([]);
  });
});
