// Callers with JWTs of an OpenID provider at a whole Headgate: a real provider issues them, and an attacker makes some too.
import { generateKeyPairSync } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type OidcIssuer, startOidcIssuer } from "../../support/oidc-issuer.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { ShiftedClock } from "../../support/shifted-clock.ts";
import { hmacSigner, jwt, keySigner, unsigned } from "../../support/signed-jwt.ts";
import { refusal, type Site, startSite, statuses, upstreamKey } from "./site.ts";

let issuer: OidcIssuer;
let other: OidcIssuer;
let site: Site;
let clock: ShiftedClock;

const seconds = () => Math.floor(Date.now() / 1000);
const keysPath = "/jwks";

beforeAll(async () => {
  [issuer, other] = await Promise.all([startOidcIssuer(), startOidcIssuer()]);
  clock = new ShiftedClock();
  site = await startSite({ config: configOf(issuer, other), clock });
});
afterAll(async () => {
  await site?.stop();
  await Promise.all([issuer?.stop(), other?.stop()]);
});
beforeEach(() => {
  issuer.requests = [];
  issuer.intercept = null;
});

function configOf(...issuers: OidcIssuer[]): Record<string, unknown> {
  return { identity: { oidc: issuers.map(({ url }) => ({ issuer: url, audience: "headgate", username_claim: "email" })) } };
}

test("a JWT of the issuer calls models, is checked with keys that are fetched once, and never goes upstream", async () => {
  issuer.claims.set("alice", { email: "alice@uni.edu", name: "Alice", groups: ["physics"] });
  const token = await issuer.jwt("alice");
  issuer.requests = [];
  const answers = await Promise.all(Array.from({ length: 50 }, () => site.chat(token)));
  expect(statuses(answers)).toEqual({ 200: 50 });
  expect(issuer.requests).toEqual(["/.well-known/openid-configuration", keysPath]);
  const upstream = site.provider.take();
  expect(upstream.rawHeaders.join("\n")).not.toContain(token);
  expect(upstream.headers.authorization).toBe(`Bearer ${upstreamKey}`);
  expect((await site.whoami(token)).body).toEqual({
    id: "alice",
    name: "Alice",
    username: "alice@uni.edu",
    user_group_uuids: ["physics"],
    idp_id: issuer.url,
    idp_name: "",
    auth_service: "oidc",
  });
  expect((await site.chat(await issuer.jwt("bob"))).status).toBe(200);
  expect(issuer.requests.filter((path) => path !== "/token")).toHaveLength(2);
  expect(site.headgate.logText()).not.toContain(token);
});

test("tokens with many groups, of many kilobytes, are taken", async () => {
  issuer.claims.set("member", { groups: Array.from({ length: 300 }, (_, index) => `group-number-${index}`) });
  const token = await issuer.jwt("member");
  expect(token.length).toBeGreaterThan(4096);
  const answer = await site.whoami(token);
  expect([answer.status, answer.body.user_group_uuids?.length]).toEqual([200, 300]);
});

test("the same subject at two issuers is two users", async () => {
  const own = await site.chat(await issuer.jwt("twin"));
  const others = await site.chat(await other.jwt("twin"));
  expect(statuses([own, others])).toEqual({ 200: 2 });
  const users = [];
  for (const { url } of [issuer, other]) users.push(await site.listed("users", { subject: "twin", source: url }));
  expect(users[0].id).not.toBe(users[1].id);
});

describe("attacks are refused with 401, at whatever path, and Headgate lives on", () => {
  const attacker = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const attackersJwk = { ...attacker.publicKey.export({ format: "jwk" }), kid: "attackers", alg: "RS256", use: "sig" };
  const attackersRequests: string[] = [];
  const attackersServer = createServer((request, response) => {
    attackersRequests.push(request.url ?? "");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ keys: [attackersJwk], jwks_uri: attackersUrl() }));
  });
  const attackersUrl = () => `http://127.0.0.1:${(attackersServer.address() as AddressInfo).port}/jwks`;

  beforeAll(() => new Promise<void>((resolve) => attackersServer.listen(0, "127.0.0.1", resolve)));
  afterAll(() => new Promise((resolve) => attackersServer.close(resolve)));

  const good = () => issuer.goodClaims("alice");
  const byAttacker = (header: object, claims: unknown = good()) =>
    jwt({ header: { alg: "RS256", ...header }, claims }, keySigner(attacker.privateKey));

  const attacks: [what: string, token: () => string, code?: string][] = [
    ["alg none without a signature", () => jwt({ header: { alg: "none" }, claims: good() }, unsigned)],
    ["alg None", () => jwt({ header: { alg: "None", kid: issuer.kid }, claims: good() }, unsigned)],
    ["the usual alg without a signature", () => jwt({ header: { alg: "RS256", kid: issuer.kid }, claims: good() }, unsigned)],
    [
      "HS256 with the public key as PEM",
      () => jwt({ header: { alg: "HS256", kid: issuer.kid }, claims: good() }, hmacSigner(issuer.publicKey.pem)),
    ],
    [
      "HS256 with the public key's modulus",
      () =>
        jwt(
          { header: { alg: "HS256", kid: issuer.kid }, claims: good() },
          hmacSigner(Buffer.from(`${issuer.publicKey.jwk.n}`, "base64url")),
        ),
    ],
    ["HS256 with an empty secret", () => jwt({ header: { alg: "HS256" }, claims: good() }, hmacSigner(""))],
    ["another issuer that nobody knows", () => issuer.sign({ ...good(), iss: "https://evil.example" })],
    ["another issuer that is known, signed by this one", () => issuer.sign({ ...good(), iss: other.url })],
    ["this issuer, signed by another that is known", () => other.sign(good())],
    ["this issuer, signed by another that is known, kid of this one", () => other.sign(good(), { kid: issuer.kid })],
    ["an issuer with a slash more", () => issuer.sign({ ...good(), iss: `${issuer.url}/` })],
    ["no issuer", () => issuer.sign({ ...good(), iss: undefined })],
    ["a list of issuers", () => issuer.sign({ ...good(), iss: [issuer.url] })],
    ["another audience", () => issuer.sign({ ...good(), aud: "other-service" })],
    ["an audience that begins like ours", () => issuer.sign({ ...good(), aud: "headgate2" })],
    ["no audience", () => issuer.sign({ ...good(), aud: undefined })],
    ["expired", () => issuer.sign({ ...good(), exp: seconds() - 3600 }), "key_expired"],
    ["no exp", () => issuer.sign({ ...good(), exp: undefined })],
    ["exp as text", () => issuer.sign({ ...good(), exp: `${seconds() + 3600}` })],
    ["not yet valid", () => issuer.sign({ ...good(), nbf: seconds() + 3600 })],
    ["no subject", () => issuer.sign({ ...good(), sub: undefined })],
    ["an empty subject", () => issuer.sign({ ...good(), sub: "" })],
    ["a kid that nobody has", () => byAttacker({ kid: "attackers" })],
    ["a kid with a path in it", () => byAttacker({ kid: "../../etc/passwd" })],
    ["the issuer's kid on another's signature", () => byAttacker({ kid: issuer.kid })],
    ["no kid and another's signature", () => byAttacker({})],
    ["a jku of the attacker", () => byAttacker({ kid: "attackers", jku: attackersUrl() })],
    ["a jwk of the attacker", () => byAttacker({ jwk: attackersJwk })],
    ["an x5u of the attacker", () => byAttacker({ kid: "attackers", x5u: attackersUrl() })],
    [
      "an issuer at the attacker's server",
      () => byAttacker({ kid: "attackers" }, { ...good(), iss: attackersUrl().replace("/jwks", "") }),
    ],
    ["a logout token", () => issuer.sign(good(), { typ: "logout+jwt" })],
    ["a header that must be understood", () => issuer.sign(good(), { crit: ["exp2"], exp2: 1 })],
    ["changed claims under a signature", () => withOtherClaims(issuer.sign(good()), { ...good(), sub: "administrator" })],
    ["claims that are a list", () => jwt({ header: { alg: "RS256" }, claims: [good()] }, keySigner(attacker.privateKey))],
    ["two dots and nothing else", () => ".."],
    [
      "a header of its own prototype",
      () => jwt({ header: JSON.parse('{"alg":"RS256","__proto__":{"kid":"x"}}'), claims: good() }, unsigned),
    ],
  ];

  test.each(attacks)("%s", async (_what, token, code = "invalid_key") => {
    const sent = token();
    site.provider.reset();
    for (const answer of [await site.chat(sent), await site.whoami(sent), await site.get("/v1/models", { "x-api-key": sent })]) {
      expect(refusal(answer)).toEqual([401, code]);
      expect(answer.text).not.toContain("signature");
    }
    expect(site.provider.calls).toEqual([]);
    expect(attackersRequests).toEqual([]);
    expect(
      (await site.headgate.admin("GET", "/users?limit=1000")).body.data.some(
        ({ subject }: { subject: string }) => subject === "administrator",
      ),
    ).toBe(false);
  });

  test("a good token of the same making is taken: it is the attack that is refused", async () => {
    expect((await site.chat(issuer.sign(good()))).status).toBe(200);
    expect((await site.chat(issuer.sign({ ...good(), aud: ["other-service", "headgate"] }))).status).toBe(200);
    expect((await site.chat(issuer.sign({ ...good(), nbf: seconds() - 10 }))).status).toBe(200);
  });

  test("clocks may differ by a little", async () => {
    expect((await site.chat(issuer.sign({ ...good(), nbf: seconds() + 20 }))).status).toBe(200);
  });

  test("tokens of 20 KB, 60 KB and 1 MB get a 4xx", async () => {
    for (const [bytes, status] of [
      [20_000, 401],
      [60_000, 401],
      [1_000_000, 400],
    ] as const) {
      const token = issuer.sign({ ...good(), padding: "x".repeat(bytes * 0.75 - 500) });
      const headers = { authorization: `Bearer ${token}` };
      const answer = await rawRequest(site.headgate.url, { target: "/v1/models", headers });
      expect([bytes, answer.status]).toEqual([bytes, status]);
    }
    expect((await site.chat(issuer.sign(good()))).status).toBe(200);
    expect((await site.get("/resource_server/health", null)).status).toBe(200);
  });
});

function withOtherClaims(token: string, claims: object): string {
  const [header, , signature] = token.split(".");
  return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
}

describe("an issuer that changes", () => {
  test("tokens by a new key are taken once it is in the JWKS; the old key's are not", async () => {
    await using own = await startOidcIssuer();
    const ownClock = new ShiftedClock();
    await using at = await startSite({ config: configOf(own), clock: ownClock });
    const before = await own.jwt("alice");
    const unused = await own.jwt("unused");
    expect((await at.chat(before)).status).toBe(200);

    await own.rotate("ES256");
    ownClock.forward(31_000);
    const after = await own.jwt("alice");
    own.requests = [];
    const answers = await Promise.all(Array.from({ length: 30 }, () => at.chat(after)));
    expect(statuses(answers)).toEqual({ 200: 30 });
    expect(own.count(keysPath)).toBe(1);
    expect(refusal(await at.chat(unused))).toEqual([401, "invalid_key"]);
    // Proven by the key of before, within five minutes of the proof.
    expect((await at.chat(before)).status).toBe(200);
    ownClock.forward(5 * 60_000);
    expect(refusal(await at.chat(before))).toEqual([401, "invalid_key"]);
    await own.rotate("EdDSA");
    ownClock.forward(31_000);
    expect((await at.chat(await own.jwt("alice"))).status).toBe(200);
  });

  test("tokens with made-up kids do not make Headgate ask for keys each time", async () => {
    await using own = await startOidcIssuer();
    await using at = await startSite({ config: configOf(own) });
    expect((await at.chat(await own.jwt("alice"))).status).toBe(200);
    for (let call = 0; call < 50; call++) {
      const forged = other.sign({ ...own.goodClaims("alice"), jti: call }, { kid: `made-up-${call}` });
      expect(refusal(await at.chat(forged))).toEqual([401, "invalid_key"]);
    }
    expect(own.count(keysPath)).toBeLessThanOrEqual(2);
  });

  test("one that is dead at the start does not block it: keys work, its tokens get 503 until it is there", async () => {
    await using own = await startOidcIssuer();
    const token = await own.jwt("alice");
    await own.stop();
    const ownClock = new ShiftedClock();
    const startedAtMs = Date.now();
    await using at = await startSite({ config: configOf(own), clock: ownClock });
    expect(Date.now() - startedAtMs).toBeLessThan(20_000);
    expect((await fetch(`${at.headgate.url}/readyz`)).status).toBe(200);
    expect((await at.chat(await at.headgate.createKey())).status).toBe(200);
    const answer = await at.chat(token);
    expect(refusal(answer)).toEqual([503, "auth_unavailable"]);
    expect(answer.headers["retry-after"]).toBe("2");
    expect(answer.text).not.toContain("127.0.0.1");

    await own.start();
    ownClock.forward(2001);
    expect((await at.chat(token)).status).toBe(200);
  });

  test("one that goes away after its first use: tokens that are known and new ones are taken with the keys at hand", async () => {
    await using own = await startOidcIssuer();
    const [known, unseen, forged] = [await own.jwt("alice"), await own.jwt("bob"), other.sign(own.goodClaims("eve"))];
    const ownClock = new ShiftedClock();
    await using at = await startSite({ config: configOf(own), clock: ownClock });
    expect((await at.chat(known)).status).toBe(200);
    await own.stop();
    ownClock.forward(20 * 60_000);
    expect((await at.chat(known)).status).toBe(200);
    expect((await at.chat(unseen)).status).toBe(200);
    // Nobody can tell whether its key is new.
    expect(refusal(await at.chat(forged))).toEqual([503, "auth_unavailable"]);
    ownClock.forward(60 * 60_000);
    expect(refusal(await at.chat(known))).toEqual([401, "key_expired"]);
  });

  test("one that does not answer keeps nobody else waiting", async () => {
    await using own = await startOidcIssuer();
    await using at = await startSite({ config: configOf(own, issuer) });
    const [known, fresh] = [await issuer.jwt("alice"), await own.jwt("bob")];
    expect((await at.chat(known)).status).toBe(200);
    const held: ServerResponse[] = [];
    own.intercept = (_request, response) => held.push(response) > 0;
    let isAnswered = false;
    const slow = at.chat(fresh).finally(() => {
      isAnswered = true;
    });
    await at.headgate.eventually(async () => held.length > 0);
    // The question has 5 s.
    for (let call = 0; call < 10; call++) expect((await at.chat(known)).status).toBe(200);
    expect(isAnswered).toBe(false);
    for (const response of held) response.writeHead(503).end();
    expect(refusal(await slow)).toEqual([503, "auth_unavailable"]);
  });
});
