// RFC 7662 with a real provider, and with one that answers whatever the test says.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { type OidcIssuer, startOidcIssuer } from "../../../test/support/oidc-issuer.ts";
import { Secret } from "../../core/secret.ts";
import type { TokenVerdict } from "../../domain/identity.ts";
import { userIdOf } from "../../domain/identity.ts";
import type { IntrospectionConfig } from "../../domain/identity-config.ts";
import { HttpClient } from "../../egress/http-client.ts";
import { IdentityProviders } from "./identity-providers.ts";

let client: HttpClient;
let clock: FakeClock;
let logged: string[];

beforeAll(() => {
  client = new HttpClient({ allowPrivate: true });
});

afterAll(() => client.close());

beforeEach(() => {
  clock = createFakeClock(Date.now());
  logged = [];
});

function providerAt(url: string, changes: Partial<IntrospectionConfig> = {}): IdentityProviders {
  const usual = { url, clientId: "headgate", clientSecret: new Secret("s3cret"), audiences: null, scopes: [] };
  const introspection = [{ ...usual, groupsClaim: "groups", usernameClaim: "username", ...changes }];
  const write = (fields: unknown, message: string) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const log = { debug: write, info: write, warn: write, error: write };
  return new IdentityProviders({ config: { globus: null, oidc: [], introspection, proxyHeader: null }, client, clock, log });
}

async function provenBy(providers: IdentityProviders, token: string) {
  const verdict = await providers.verify(token, { groups: true });
  if (verdict.kind !== "proven") throw new Error(`not proven: ${JSON.stringify(verdict)}`);
  return verdict.identity;
}

describe("a real provider", () => {
  let issuer: OidcIssuer;

  beforeAll(async () => {
    issuer = await startOidcIssuer();
  });

  afterAll(() => issuer.stop());

  beforeEach(() => {
    issuer.requests = [];
    issuer.claims.clear();
  });

  const ask = (token: string, changes: Partial<IntrospectionConfig> = {}): Promise<TokenVerdict> => {
    const { clientId, clientSecret } = issuer.introspector;
    const own = { clientId, clientSecret: new Secret(clientSecret), usernameClaim: "email", ...changes };
    return providerAt(issuer.introspectionUrl, own).verify(token, { groups: true });
  };

  test("an opaque token proves its subject; id and secret may have any character", async () => {
    issuer.claims.set("alice", { email: "alice@uni.edu", groups: ["physics"] });
    const verdict = await ask(await issuer.opaque("alice", { lifetimeSeconds: 600 }));
    expect(verdict).toEqual({
      kind: "proven",
      identity: {
        userId: userIdOf(issuer.introspectionUrl, "alice"),
        source: issuer.introspectionUrl,
        subject: "alice",
        username: "alice@uni.edu",
        name: null,
        email: "alice@uni.edu",
        groups: [{ externalId: "physics", name: "physics" }],
        idpId: issuer.url,
        idpName: null,
        authService: "introspection",
        issuedAtMs: null,
        expiresAtMs: expect.any(Number),
      },
    });
    const { expiresAtMs } = verdict.kind === "proven" ? verdict.identity : { expiresAtMs: 0 };
    expect(Math.abs((expiresAtMs ?? 0) - (Date.now() + 600_000))).toBeLessThan(10_000);
  });

  test("losing the last group takes effect", async () => {
    issuer.claims.set("alice", { groups: ["physics"] });
    expect(await ask(await issuer.opaque("alice"))).toMatchObject({ identity: { groups: [{ externalId: "physics" }] } });
    issuer.claims.set("alice", {});
    expect(await ask(await issuer.opaque("alice"))).toMatchObject({ kind: "proven", identity: { groups: [] } });
  });

  test("a made-up token is unknown", async () => {
    expect(await ask("made-up")).toEqual({ kind: "unknown" });
  });

  test("a JWT that it does not introspect is unknown", async () => {
    expect(await ask(await issuer.jwt("alice"))).toEqual({ kind: "unknown" });
    expect(issuer.count("/token/introspection")).toBe(1);
  });

  test("audience and scopes have to fit", async () => {
    const wanted = { audiences: ["headgate"], scopes: ["inference"] };
    const good = await issuer.opaque("alice", { audience: "headgate", scope: "inference admin" });
    expect((await ask(good, wanted)).kind).toBe("proven");
    expect(await ask(await issuer.opaque("alice", { audience: "other", scope: "inference" }), wanted)).toEqual({
      kind: "unknown",
    });
    expect(await ask(await issuer.opaque("alice", { scope: "inference" }), wanted)).toEqual({ kind: "unknown" });
    const lacking = await ask(await issuer.opaque("alice", { audience: "headgate", scope: "admin" }), wanted);
    expect(lacking).toEqual({ kind: "refused", message: expect.stringContaining("inference") });
  });

  test("a wrong secret of ours is unavailable and in the log", async () => {
    const verdict = await ask(await issuer.opaque("alice"), { clientSecret: new Secret("wrong") });
    expect(verdict).toEqual({ kind: "unavailable", detail: expect.stringContaining("invalid_client") });
    expect(logged).toHaveLength(1);
    expect(logged[0]).not.toContain("wrong");
  });
});

describe("the protocol", () => {
  let server: Server;
  let url: string;
  let answer: { status: number; text: string };
  let requests: { request: IncomingMessage; body: string }[];

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      requests.push({ request, body });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.text);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/oauth2/introspect?realm=x`;
  });

  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });

  beforeEach(() => {
    requests = [];
  });

  const answered = (body: unknown, changes: Partial<IntrospectionConfig> = {}): Promise<TokenVerdict> => {
    answer = { status: 200, text: JSON.stringify(body) };
    return providerAt(url, changes).verify("tok/en+1", { groups: false });
  };

  test("is a form-encoded POST with Basic authentication", async () => {
    expect((await answered({ active: true, sub: "a" })).kind).toBe("proven");
    const [{ request, body } = { request: undefined, body: "" }] = requests;
    expect(`${request?.method} ${request?.url}`).toBe("POST /oauth2/introspect?realm=x");
    expect(request?.headers["content-type"]).toBe("application/x-www-form-urlencoded");
    expect(request?.headers.authorization).toBe(`Basic ${Buffer.from("headgate:s3cret").toString("base64")}`);
    expect(body).toBe("token=tok%2Fen%2B1&token_type_hint=access_token");
  });

  test.each<[string, unknown, Partial<IntrospectionConfig>, TokenVerdict["kind"]]>([
    ["not active", { active: false, sub: "a" }, {}, "unknown"],
    ["active as a text", { active: "true", sub: "a" }, {}, "unavailable"],
    ["active as a number", { active: 1, sub: "a" }, {}, "unavailable"],
    ["no word on it", { sub: "a" }, {}, "unavailable"],
    ["a list", [{ active: true, sub: "a" }], {}, "unavailable"],
    ["expired, though active", { active: true, sub: "a", exp: 1 }, {}, "expired"],
    ["exp as a text", { active: true, sub: "a", exp: "4000000000" }, {}, "unavailable"],
    ["not yet valid", { active: true, sub: "a", nbf: 4_000_000_000 }, {}, "unknown"],
    ["no sub", { active: true, username: "a" }, {}, "refused"],
    ["a sub that is no text", { active: true, sub: 7 }, {}, "refused"],
    ["one audience of several", { active: true, sub: "a", aud: ["x", "hg"] }, { audiences: ["y", "hg"] }, "proven"],
    ["one audience as a text", { active: true, sub: "a", aud: "hg" }, { audiences: ["hg"] }, "proven"],
    ["no audience", { active: true, sub: "a" }, { audiences: ["hg"] }, "unknown"],
    ["another audience", { active: true, sub: "a", aud: "hg2" }, { audiences: ["hg"] }, "unknown"],
    ["no list of audiences is like none", { active: true, sub: "a", aud: "hg" }, { audiences: [] }, "unknown"],
    ["all scopes", { active: true, sub: "a", scope: "b a" }, { scopes: ["a", "b"] }, "proven"],
    ["scopes as a list", { active: true, sub: "a", scope: ["a", "b"] }, { scopes: ["a", "b"] }, "proven"],
    ["a scope that begins alike", { active: true, sub: "a", scope: "ab" }, { scopes: ["a"] }, "refused"],
    ["no scope", { active: true, sub: "a" }, { scopes: ["a"] }, "refused"],
  ])("%s", async (_name, body, changes, kind) => {
    expect((await answered(body, changes)).kind).toBe(kind);
  });

  test("a token without exp is proven without an end", async () => {
    answer = { status: 200, text: JSON.stringify({ active: true, sub: "a", username: "al", realm: { groups: ["g"] } }) };
    const { expiresAtMs, username, groups } = await provenBy(providerAt(url, { groupsClaim: "realm.groups" }), "token");
    expect({ expiresAtMs, username, groups }).toEqual({
      expiresAtMs: null,
      username: "al",
      groups: [{ externalId: "g", name: "g" }],
    });
  });

  test("the same subject at another provider is somebody else", async () => {
    answer = { status: 200, text: '{"active":true,"sub":"a"}' };
    const one = await provenBy(providerAt(url), "token");
    const other = await provenBy(providerAt(`${url}&other`), "token");
    expect(one.userId).not.toBe(other.userId);
  });

  test.each([
    ["500", 500, "{}", 0],
    ["503 that says inactive", 503, '{"active":false}', 0],
    ["429", 429, "{}", 0],
    ["400", 400, '{"error":"invalid_request"}', 1],
    ["401", 401, "", 1],
    ["404", 404, "not here", 1],
    ["a redirect", 302, "", 1],
    ["not JSON", 200, "<html>", 0],
    ["nothing", 200, "", 0],
  ])("%s is unavailable", async (_name, status, text, lines) => {
    answer = { status, text };
    expect((await providerAt(url).verify("token", { groups: false })).kind).toBe("unavailable");
    expect(logged).toHaveLength(lines);
  });

  test("a connection that was closed while it was idle is not a failure", async () => {
    const providers = providerAt(url);
    answer = { status: 200, text: '{"active":true,"sub":"a"}' };
    await provenBy(providers, "token");
    server.closeAllConnections();
    expect((await provenBy(providers, "token")).subject).toBe("a");
  });
});
