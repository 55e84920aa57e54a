// Callers with opaque OAuth2 tokens at a whole Headgate: a real provider is asked about each (RFC 7662).
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type OidcIssuer, startOidcIssuer } from "../../support/oidc-issuer.ts";
import { ShiftedClock } from "../../support/shifted-clock.ts";
import { refusal, type Site, startSite, statuses } from "./site.ts";

const path = "/token/introspection";

let issuer: OidcIssuer;
let site: Site;
let clock: ShiftedClock;

beforeAll(async () => {
  issuer = await startOidcIssuer();
});
afterAll(() => issuer?.stop());
beforeEach(async () => {
  await issuer.start();
  issuer.intercept = null;
  issuer.claims.clear();
  clock = new ShiftedClock();
  site = await startSite({ config: configWith({ audience: "headgate", scope: "inference" }), clock });
  issuer.requests = [];
});
afterEach(() => site?.stop());

function configWith(more: Record<string, unknown>): Record<string, unknown> {
  const { clientId: client_id, clientSecret: client_secret } = issuer.introspector;
  const own = { url: issuer.introspectionUrl, client_id, client_secret, username_claim: "email", ...more };
  return { identity: { introspection: [own] } };
}

const good = (sub: string, more = {}) => issuer.opaque(sub, { audience: "headgate", scope: "inference", ...more });

test("an opaque token calls models; 50 first uses at once are 1 question, as a form with Basic authentication", async () => {
  issuer.claims.set("alice", { email: "alice@uni.edu", groups: ["physics"] });
  const token = await good("alice");
  let body = "";
  let headers: Record<string, unknown> = {};
  issuer.intercept = (request) => {
    headers = request.headers;
    // The real provider reads the same events.
    if (request.url === path) request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    return false;
  };
  const answers = await Promise.all(Array.from({ length: 50 }, () => site.chat(token)));
  expect(statuses(answers)).toEqual({ 200: 50 });
  expect(issuer.count(path)).toBe(1);
  expect(body).toBe(`token=${token}&token_type_hint=access_token`);
  expect(headers["content-type"]).toBe("application/x-www-form-urlencoded");
  expect(headers.authorization).toMatch(/^Basic /);
  expect((await site.whoami(token)).body).toMatchObject({
    id: "alice",
    username: "alice@uni.edu",
    user_group_uuids: ["physics"],
    auth_service: "introspection",
  });
  expect(site.provider.take().rawHeaders.join("\n")).not.toContain(token);
});

test("tokens for another audience, or for none, are unknown", async () => {
  for (const audience of ["other-service", undefined]) {
    const token = await issuer.opaque("alice", { ...(audience && { audience }), scope: "inference" });
    expect(refusal(await site.chat(token))).toEqual([401, "invalid_key"]);
  }
});

test("a token without the scope gets 403, which names it", async () => {
  const answer = await site.chat(await issuer.opaque("alice", { audience: "headgate", scope: "admin" }));
  expect(refusal(answer)).toEqual([403, "not_allowed"]);
  expect(answer.body.error.message).toContain("inference");
  expect((await site.chat(await good("alice", { scope: "inference admin" }))).status).toBe(200);
});

test("without audience and scope every token of the provider is taken, and the System page says so", async () => {
  await using open = await startSite({ config: configWith({}) });
  expect((await open.chat(await issuer.opaque("alice"))).status).toBe(200);
  expect(JSON.stringify((await open.change("GET", "/system")).warnings)).toContain("introspection[0]");
});

test("a made-up token gets 401, again without a question, and is asked about again after 10 s", async () => {
  const [first, second] = [await site.chat("made-up-token"), await site.chat("made-up-token")];
  expect(refusal(first)).toEqual([401, "invalid_key"]);
  expect(second.text).toBe(first.text);
  expect(issuer.count(path)).toBe(1);
  clock.forward(10_001);
  expect((await site.chat("made-up-token")).status).toBe(401);
  expect(issuer.count(path)).toBe(2);
});

test("a token is taken no longer than its exp", async () => {
  const token = await good("alice", { lifetimeSeconds: 60 });
  expect((await site.chat(token)).status).toBe(200);
  clock.forward(61_000);
  expect(refusal(await site.chat(token))).toEqual([401, "key_expired"]);
});

test("with the provider down, unknown tokens get 503 and known ones have their grace of ten minutes", async () => {
  const [known, fresh] = [await good("alice"), await good("bob")];
  expect((await site.chat(known)).status).toBe(200);
  await issuer.stop();
  expect(refusal(await site.chat(fresh))).toEqual([503, "auth_unavailable"]);
  clock.forward(14 * 60_000);
  expect((await site.chat(known)).status).toBe(200);
  clock.forward(61_000);
  expect(refusal(await site.chat(known))).toEqual([503, "auth_unavailable"]);
  await issuer.start();
  clock.forward(2001);
  expect(statuses([await site.chat(known), await site.chat(fresh)])).toEqual({ 200: 2 });
});

test.each([
  ["500", 500, "{}"],
  ["a word against Headgate's own credential", 401, '{"error":"invalid_client"}'],
  ["a page instead of JSON", 200, "<html></html>"],
  ["an answer without `active`", 200, '{"sub":"alice"}'],
  ["`active` as text", 200, '{"active":"true","sub":"alice","aud":"headgate","scope":"inference"}'],
])("%s of the provider is 503, never 200 or 401", async (_what, status, text) => {
  issuer.intercept = (_request, response) => {
    response.writeHead(status, { "content-type": "application/json" }).end(text);
    return true;
  };
  expect(refusal(await site.chat("some-token"))).toEqual([503, "auth_unavailable"]);
});

test("beside an OpenID provider: its JWTs are checked here, all other tokens by introspection, and attacks reach neither's users", async () => {
  await using both = await startSite({
    config: {
      identity: {
        ...(configWith({ audience: "headgate" }).identity as object),
        oidc: [{ issuer: issuer.url, audience: "headgate", username_claim: "email" }],
      },
    },
  });
  issuer.requests = [];
  expect((await both.chat(await issuer.jwt("alice"))).status).toBe(200);
  expect(issuer.count(path)).toBe(0);
  expect((await both.chat(await good("alice"))).status).toBe(200);
  expect(issuer.count(path)).toBe(1);
  // One person at two sources is two users: nobody has said that they are one.
  for (const source of [issuer.url, issuer.introspectionUrl]) await both.listed("users", { subject: "alice", source });
  const forged = issuer.sign({ ...issuer.goodClaims("alice"), aud: "other-service" });
  expect(refusal(await both.chat(forged))).toEqual([401, "invalid_key"]);
  expect(issuer.count(path)).toBe(1);
});
