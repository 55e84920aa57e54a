// JWTs of a real OpenID provider: who is proven by them, which attacks are refused, and what happens when keys change or it is away.
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { type OidcIssuer, startOidcIssuer } from "../../../test/support/oidc-issuer.ts";
import { hmacSigner, jwt, keySigner, pssSigner, unsigned } from "../../../test/support/signed-jwt.ts";
import type { TokenVerdict } from "../../domain/identity.ts";
import { userIdOf } from "../../domain/identity.ts";
import type { OidcConfig } from "../../domain/identity-config.ts";
import { HttpClient } from "../../egress/http-client.ts";
import { IdentityProviders } from "./identity-providers.ts";

let issuer: OidcIssuer;
let client: HttpClient;
let clock: FakeClock;
let providers: IdentityProviders;
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const discovery = "/.well-known/openid-configuration";

beforeAll(async () => {
  issuer = await startOidcIssuer();
  client = new HttpClient({ allowPrivate: true });
});

afterAll(async () => {
  await client.close();
  await issuer.stop();
});

beforeEach(async () => {
  await issuer.start();
  issuer.intercept = null;
  issuer.requests = [];
  issuer.claims.clear();
  clock = createFakeClock(Date.now());
  providers = providersWith();
});

function providersWith(changes: Partial<OidcConfig> = {}, callTimeoutMs?: number): IdentityProviders {
  const usual = { issuer: issuer.url, audiences: ["headgate"], groupsClaim: "groups", usernameClaim: "preferred_username" };
  const oidc = [{ ...usual, clientId: null, clientSecret: null, ...changes }];
  const config = { globus: null, oidc, introspection: [], proxyHeader: null };
  return new IdentityProviders({ config, client, clock, log: silent, ...(callTimeoutMs && { callTimeoutMs }) });
}

const verify = (token: string): Promise<TokenVerdict> => providers.verify(token, { groups: true });

async function proven(token: string) {
  const verdict = await verify(token);
  if (verdict.kind !== "proven") throw new Error(`not proven: ${JSON.stringify(verdict)}`);
  return verdict.identity;
}

/** Everything in the JWKS and the discovery document answers this from now on. */
function answerWith(status: number, body: string, path?: string): void {
  issuer.intercept = (request, response) => {
    const isIt = path === undefined ? request.method === "GET" : request.url === path;
    if (isIt) response.writeHead(status, { "content-type": "application/json" }).end(body);
    return isIt;
  };
}

describe("who is proven", () => {
  test("subject, names and groups are the claims'", async () => {
    const claims = { preferred_username: "alice", name: "Alice A.", email: "alice@uni.edu", groups: ["physics", "ops", "ops"] };
    issuer.claims.set("alice-1", claims);
    expect(await proven(await issuer.jwt("alice-1"))).toEqual({
      userId: userIdOf(issuer.url, "alice-1"),
      source: issuer.url,
      subject: "alice-1",
      username: "alice",
      name: "Alice A.",
      email: "alice@uni.edu",
      groups: [
        { externalId: "physics", name: "physics" },
        { externalId: "ops", name: "ops" },
      ],
      idpId: issuer.url,
      idpName: null,
      authService: "oidc",
      issuedAtMs: expect.any(Number),
      expiresAtMs: expect.any(Number),
    });
  });

  test("the proof ends when the token does", async () => {
    const { expiresAtMs } = await proven(issuer.sign({ ...issuer.goodClaims("alice"), exp: 2_000_000_000 }));
    expect(expiresAtMs).toBe(2_000_000_000_000);
  });

  test.each([
    ["one text, spaces and commas in it", { groups: "a b,c" }, "groups", ["a b,c"]],
    ["none", {}, "groups", []],
    ["of another type", { groups: { a: 1 } }, "groups", []],
    ["texts among others", { groups: ["a", 7, null, "", ["b"]] }, "groups", ["a"]],
    ["a path", { realm_access: { roles: ["r"] } }, "realm_access.roles", ["r"]],
    ["a name with dots", { "https://x.org/groups": ["n"] }, "https://x.org/groups", ["n"]],
    ["a path through nothing", { realm_access: "no" }, "realm_access.roles", []],
    ["a path into JavaScript", {}, "constructor.name", []],
  ])("groups: %s", async (_name, claims, groupsClaim, expected) => {
    providers = providersWith({ groupsClaim });
    const { groups } = await proven(issuer.sign({ ...issuer.goodClaims("alice"), ...claims }));
    expect(groups?.map(({ externalId }) => externalId)).toEqual(expected);
  });

  test("an address that is not verified is nobody's", async () => {
    const claims = { ...issuer.goodClaims("alice"), email: "boss@uni.edu", email_verified: false };
    expect((await proven(issuer.sign(claims))).email).toBeNull();
  });

  test("one of several audiences is enough", async () => {
    providers = providersWith({ audiences: ["other", "headgate"] });
    expect((await proven(issuer.sign({ ...issuer.goodClaims("alice"), aud: ["x", "headgate"] }))).subject).toBe("alice");
  });

  test.each(["ES256", "EdDSA", "RS256"] as const)("%s is accepted", async (alg) => {
    await issuer.rotate(alg);
    expect((await proven(await issuer.jwt("alice"))).subject).toBe("alice");
  });

  test("clocks may differ by half a minute", async () => {
    const now = Math.floor(clock.nowMs() / 1000);
    expect((await verify(issuer.sign({ ...issuer.goodClaims("alice"), nbf: now + 25 }))).kind).toBe("proven");
    expect((await verify(issuer.sign({ ...issuer.goodClaims("alice"), exp: now - 25 }))).kind).toBe("proven");
  });
});

describe("what is refused", () => {
  const good = () => issuer.goodClaims("alice");
  const now = () => Math.floor(clock.nowMs() / 1000);

  test.each<[string, () => string]>([
    ["alg none", () => jwt({ header: { alg: "none" }, claims: good() }, unsigned)],
    ["alg None", () => jwt({ header: { alg: "None", kid: issuer.kid }, claims: good() }, unsigned)],
    ["no alg", () => jwt({ header: { kid: issuer.kid }, claims: good() }, unsigned)],
    ["RS256 without a signature", () => jwt({ header: { alg: "RS256", kid: issuer.kid }, claims: good() }, unsigned)],
    [
      "HS256 signed with the public key as PEM",
      () => jwt({ header: { alg: "HS256", kid: issuer.kid }, claims: good() }, hmacSigner(issuer.publicKey.pem)),
    ],
    [
      "HS256 signed with the public key as JWK",
      () => jwt({ header: { alg: "HS256", kid: issuer.kid }, claims: good() }, hmacSigner(JSON.stringify(issuer.publicKey.jwk))),
    ],
    ["HS256 with no secret", () => jwt({ header: { alg: "HS256", kid: issuer.kid }, claims: good() }, hmacSigner(""))],
    [
      "PS256 of another key",
      () => jwt({ header: { alg: "PS256", kid: issuer.kid }, claims: good() }, pssSigner(otherKey().privateKey)),
    ],
    ["another's key", () => jwt({ header: { alg: "RS256", kid: issuer.kid }, claims: good() }, keySigner(otherKey().privateKey))],
    ["another's key, no kid", () => jwt({ header: { alg: "RS256" }, claims: good() }, keySigner(otherKey().privateKey))],
    [
      "a key in the header",
      () => {
        const { privateKey, publicKey } = otherKey();
        const header = { alg: "RS256", jwk: publicKey.export({ format: "jwk" }) };
        return jwt({ header, claims: good() }, keySigner(privateKey));
      },
    ],
    ["a kid that is a path", () => issuer.sign(good(), { kid: "../../../../dev/null" })],
    ["a kid that is a URL", () => issuer.sign(good(), { kid: `${issuer.url}/jwks` })],
    ["a kid that is no text", () => issuer.sign(good(), { kid: { $ne: null } })],
    ["a type of another purpose", () => issuer.sign(good(), { typ: "logout+jwt" })],
    ["a type that is no text", () => issuer.sign(good(), { typ: 7 })],
    ["an extension that must be understood", () => issuer.sign(good(), { crit: ["exotic"], exotic: 1 })],
    ["a payload that is not encoded", () => issuer.sign(good(), { crit: ["b64"], b64: false })],
    ["another audience", () => issuer.sign({ ...good(), aud: "somebody-else" })],
    ["no audience", () => issuer.sign({ ...good(), aud: undefined })],
    ["an audience that only begins alike", () => issuer.sign({ ...good(), aud: ["headgate2", ["headgate"]] })],
    ["not yet valid", () => issuer.sign({ ...good(), nbf: now() + 60 })],
    ["no exp", () => issuer.sign({ ...good(), exp: undefined })],
    ["an exp that is a text", () => issuer.sign({ ...good(), exp: "9999999999" })],
    ["no sub", () => issuer.sign({ ...good(), sub: undefined })],
    ["an empty sub", () => issuer.sign({ ...good(), sub: "" })],
    ["a sub that is no text", () => issuer.sign({ ...good(), sub: { id: 1 } })],
    ["another issuer", () => issuer.sign({ ...good(), iss: "https://evil.example" })],
    ["an issuer with a slash more", () => issuer.sign({ ...good(), iss: `${issuer.url}/` })],
    ["several issuers", () => issuer.sign({ ...good(), iss: [issuer.url] })],
    ["a payload that is no object", () => issuer.sign([] as unknown as Record<string, unknown>)],
  ])("%s", async (_name, make) => {
    expect((await verify(issuer.sign(good()))).kind).toBe("proven");
    expect(await verify(make())).toEqual({ kind: "unknown" });
  });

  test("a changed claim breaks the signature", async () => {
    const [header, , signature] = (await issuer.jwt("alice")).split(".");
    const claims = Buffer.from(JSON.stringify(issuer.goodClaims("root"))).toString("base64url");
    expect(await verify(`${header}.${claims}.${signature}`)).toEqual({ kind: "unknown" });
  });

  test("an expired one is expired, but only if it was good", async () => {
    const expired = { ...good(), exp: now() - 60 };
    expect(await verify(issuer.sign(expired))).toEqual({ kind: "expired" });
    expect(await verify(issuer.sign({ ...expired, aud: "somebody-else" }))).toEqual({ kind: "unknown" });
    const forged = jwt({ header: { alg: "RS256", kid: issuer.kid }, claims: expired }, keySigner(otherKey().privateKey));
    expect(await verify(forged)).toEqual({ kind: "unknown" });
  });

  test("where the header points to is never asked", async () => {
    const { privateKey, publicKey } = otherKey();
    const jwks = JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "mine", alg: "RS256" }] });
    answerWith(200, jwks, "/evil");
    const header = { alg: "RS256", kid: "mine", jku: `${issuer.url}/evil`, x5u: `${issuer.url}/evil` };
    expect(await verify(jwt({ header, claims: good() }, keySigner(privateKey)))).toEqual({ kind: "unknown" });
    expect(issuer.requests).not.toContain("/evil");
  });

  test("one of a megabyte is not looked at", async () => {
    const huge = issuer.sign({ ...good(), padding: "x".repeat(1024 * 1024) });
    expect(providers.mayKnow(huge)).toBe(false);
    expect(await verify(huge)).toEqual({ kind: "unknown" });
    expect(issuer.requests).toEqual([]);
  });

  test("attacks by algorithm fetch nothing", async () => {
    expect((await verify(jwt({ header: { alg: "none" }, claims: good() }, unsigned))).kind).toBe("unknown");
    expect((await verify(jwt({ header: { alg: "HS256" }, claims: good() }, hmacSigner("x")))).kind).toBe("unknown");
    expect(issuer.requests).toEqual([]);
  });

  test("no header and no signature, whatever they are, prove anything or break anything", async () => {
    await verify(issuer.sign(good()));
    const header = fc.dictionary(fc.constantFrom("alg", "kid", "typ", "crit", "b64", "jwk", "jku", "zip"), fc.jsonValue());
    await fc.assert(
      fc.asyncProperty(header, fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (fields, signature, known) => {
        const all = known ? { ...fields, alg: "RS256", kid: issuer.kid } : fields;
        const token = jwt({ header: all, claims: good() }, () => Buffer.from(signature));
        expect((await verify(token)).kind).toBe("unknown");
      }),
      { numRuns: 200 },
    );
  });
});

describe("keys", () => {
  test("are fetched once for all who come first", async () => {
    const token = await issuer.jwt("alice");
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => verify(token)));
    expect(new Set(verdicts.map(({ kind }) => kind))).toEqual(new Set(["proven"]));
    expect([issuer.count(discovery), issuer.count("/jwks")]).toEqual([1, 1]);
  });

  test("a new key is found when a token names it, and the old one is believed no more", async () => {
    const old = await issuer.jwt("alice");
    await proven(old);
    await issuer.rotate();
    await clock.advance(30_000);
    expect((await proven(await issuer.jwt("alice"))).subject).toBe("alice");
    expect(issuer.count("/jwks")).toBe(2);
    expect(await verify(old)).toEqual({ kind: "unknown" });
  });

  test("unknown ones cause a fetch every 30 seconds at most", async () => {
    await proven(await issuer.jwt("alice"));
    for (let round = 1; round <= 2; round++) {
      await clock.advance(30_000);
      const tokens = Array.from({ length: 20 }, (_, at) => issuer.sign(issuer.goodClaims("alice"), { kid: `made-up-${at}` }));
      for (const token of tokens.slice(10)) await verify(token);
      await Promise.all(tokens.map(verify));
      expect(issuer.count("/jwks")).toBe(1 + round);
    }
    expect(issuer.count(discovery)).toBe(1);
  });

  test("a key that is withdrawn is not believed for more than ten minutes", async () => {
    const old = issuer.sign(issuer.goodClaims("alice"));
    await proven(old);
    await issuer.rotate();
    await clock.advance(10 * 60_000);
    expect((await verify(old)).kind).toBe("proven");
    await clock.advance(1);
    expect(await verify(old)).toEqual({ kind: "unknown" });
  });

  test("without ids, each is tried, and new ones are looked for", async () => {
    const { privateKey, publicKey } = otherKey();
    const keys = [issuer.publicKey.jwk, publicKey.export({ format: "jwk" })];
    const sign = (key = privateKey) => jwt({ header: { alg: "RS256" }, claims: issuer.goodClaims("alice") }, keySigner(key));
    answerWith(200, JSON.stringify({ keys }), "/jwks");
    expect((await proven(sign())).subject).toBe("alice");
    answerWith(200, JSON.stringify({ keys: keys.slice(0, 1) }), "/jwks");
    await clock.advance(10 * 60_000 + 1);
    expect(await verify(sign())).toEqual({ kind: "unknown" });
    answerWith(200, JSON.stringify({ keys: keys.slice(1) }), "/jwks");
    await clock.advance(30_000);
    expect((await proven(sign())).subject).toBe("alice");
  });

  test("the discovery document is read again after an hour", async () => {
    await proven(await issuer.jwt("alice"));
    await clock.advance(59 * 60_000);
    await proven(issuer.sign({ ...issuer.goodClaims("alice"), exp: 2_000_000_000 }));
    expect(issuer.count(discovery)).toBe(1);
    await clock.advance(11 * 60_000);
    await proven(issuer.sign({ ...issuer.goodClaims("alice"), exp: 2_000_000_000 }));
    expect(issuer.count(discovery)).toBe(2);
  });
});

describe("the issuer away", () => {
  const lasting = () => issuer.sign({ ...issuer.goodClaims("alice"), exp: 4_000_000_000 });

  test("never seen yet: unavailable, tried again after two seconds, then all is well", async () => {
    const token = await issuer.jwt("alice");
    await issuer.stop();
    const detail = expect.stringMatching(/: discovery: connection_re(fused|set)$/);
    expect(await verify(token)).toEqual({ kind: "unavailable", detail });
    await issuer.start();
    await clock.advance(1999);
    expect((await verify(token)).kind).toBe("unavailable");
    expect(issuer.count(discovery)).toBe(0);
    await clock.advance(1);
    expect((await verify(token)).kind).toBe("proven");
  });

  test("a clock that is put back makes no failure last", async () => {
    const token = lasting();
    await issuer.stop();
    expect((await verify(token)).kind).toBe("unavailable");
    await issuer.start();
    await clock.advance(-5 * 60 * 60_000);
    expect((await verify(token)).kind).toBe("proven");
  });

  test("the keys at hand serve, for a day", async () => {
    const token = lasting();
    await proven(token);
    await issuer.stop();
    await clock.advance(24 * 60 * 60_000);
    expect((await verify(token)).kind).toBe("proven");
    await clock.advance(60_000);
    expect((await verify(token)).kind).toBe("unavailable");
  });

  test("it is not waited for again and again", async () => {
    const token = lasting();
    // Once it is waited for, and before that its keys have to come within that time.
    providers = providersWith({}, 2500);
    await proven(token);
    let asked = 0;
    issuer.intercept = () => {
      asked += 1;
      return true;
    };
    await clock.advance(11 * 60_000);
    for (let call = 0; call < 20; call++) expect((await verify(token)).kind).toBe("proven");
    expect(asked).toBe(1);
  });

  test("a key that only it could know is not called unknown", async () => {
    await proven(await issuer.jwt("alice"));
    await issuer.rotate();
    const token = await issuer.jwt("alice");
    await issuer.stop();
    await clock.advance(30_000);
    expect((await verify(token)).kind).toBe("unavailable");
    await issuer.start();
    await clock.advance(30_000);
    expect((await verify(token)).kind).toBe("proven");
  });

  test.each([
    ["500", 500, "{}"],
    ["not JSON", 200, "<html>"],
    ["no key set", 200, '{"keys":7}'],
    ["too much", 200, `{"keys":[],"x":"${"x".repeat(600_000)}"}`],
  ])("keys that are %s make it unavailable", async (_name, status, body) => {
    answerWith(status, body, "/jwks");
    expect((await verify(lasting())).kind).toBe("unavailable");
  });

  test("a key that can't be used is the issuer's fault", async () => {
    answerWith(200, JSON.stringify({ keys: [{ kty: "RSA", kid: issuer.kid, alg: "RS256", n: "AQAB", e: "AQAB" }] }), "/jwks");
    expect((await verify(lasting())).kind).toBe("unavailable");
  });

  test("a discovery document of another issuer, or with keys in strange places, is not believed", async () => {
    answerWith(200, JSON.stringify({ issuer: `${issuer.url}/`, jwks_uri: `${issuer.url}/jwks` }), discovery);
    expect((await verify(lasting())).kind).toBe("unavailable");
    await clock.advance(2000);
    answerWith(200, JSON.stringify({ issuer: issuer.url, jwks_uri: "file:///etc/passwd" }), discovery);
    expect((await verify(lasting())).kind).toBe("unavailable");
    expect(issuer.count("/jwks")).toBe(0);
  });

  test("no answer is unavailable when the time is over", async () => {
    providers = providersWith({}, 100);
    issuer.intercept = () => true;
    expect(await verify(lasting())).toEqual({ kind: "unavailable", detail: `${issuer.url}: discovery: timeout` });
  });
});

const others: ReturnType<typeof makeOther>[] = [];

function makeOther() {
  return generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/** A key pair that is not the issuer's; always the same. */
function otherKey() {
  const [known = makeOther()] = others;
  others[0] = known;
  return known;
}
