// Who is asked about which token, and what comes of it when several providers are set up or some are away.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { globusPerson, type MockGlobus, startMockGlobus } from "../../../test/support/mock-globus.ts";
import { type OidcIssuer, startOidcIssuer } from "../../../test/support/oidc-issuer.ts";
import { jwt, unsigned } from "../../../test/support/signed-jwt.ts";
import { systemClock } from "../../core/clock.ts";
import { Secret } from "../../core/secret.ts";
import type { IdentityConfig } from "../../domain/identity-config.ts";
import { HttpClient } from "../../egress/http-client.ts";
import type { IdentitySource } from "../../gateway/ports.ts";
import { IdentityProviders } from "./identity-providers.ts";

let globus: MockGlobus;
let issuer: OidcIssuer;
let otherIssuer: OidcIssuer;
let client: HttpClient;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

beforeAll(async () => {
  [globus, issuer, otherIssuer] = await Promise.all([startMockGlobus(), startOidcIssuer(), startOidcIssuer()]);
  client = new HttpClient({ allowPrivate: true });
});

afterAll(async () => {
  await client.close();
  await Promise.all([globus.stop(), issuer.stop(), otherIssuer.stop()]);
});

beforeEach(async () => {
  globus.reset();
  for (const each of [issuer, otherIssuer]) {
    each.requests = [];
    each.intercept = null;
    await each.start();
  }
  await globus.start();
});

/** Globus, one issuer for OIDC, and introspection at another; any of them may be left out. */
function providersWith(
  changes: Partial<IdentityConfig> = {},
  callTimeoutMs = 10_000,
): IdentityProviders & Pick<IdentitySource, "mayKnow" | "verify"> {
  const credentials = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }) => {
    return { clientId, clientSecret: new Secret(clientSecret) };
  };
  const rules = { policies: [], groups: [], domains: [], groupsByDomain: new Map(), serviceUsernames: [] };
  const claims = { audiences: ["headgate"], groupsClaim: "groups", usernameClaim: "email" };
  const config: IdentityConfig = {
    globus: { ...credentials(globus), authUrl: globus.url, groupsUrl: globus.url, ...rules },
    oidc: [{ issuer: issuer.url, ...claims, clientId: null, clientSecret: null }],
    introspection: [
      { url: otherIssuer.introspectionUrl, ...credentials(otherIssuer.introspector), ...claims, audiences: null, scopes: [] },
    ],
    proxyHeader: null,
    ...changes,
  };
  return new IdentityProviders({ config, client, clock: systemClock, log: silent, callTimeoutMs });
}

const verify = (providers: IdentityProviders, token: string) => providers.verify(token, { groups: false });

describe("which tokens are looked at", () => {
  test("keys, and what can't be a token, are nobody's business", async () => {
    const providers = providersWith();
    for (const credential of ["", "sk-hg-abc-def", "sk-proj-x", "with space", "tab\t", "ümlaut", "x".repeat(16 * 1024 + 1)]) {
      expect(providers.mayKnow(credential)).toBe(false);
      expect(await verify(providers, credential)).toEqual({ kind: "unknown" });
    }
    expect([globus.requests, issuer.requests, otherIssuer.requests]).toEqual([[], [], []]);
  });

  test("the longest token that is looked at has 16 KB", () => {
    expect(providersWith().mayKnow("x".repeat(16 * 1024))).toBe(true);
  });

  test("without providers, none is", async () => {
    const providers = providersWith({ globus: null, oidc: [], introspection: [] });
    expect(providers.mayKnow("opaque")).toBe(false);
    expect(await verify(providers, "opaque")).toEqual({ kind: "unknown" });
  });

  test("with OIDC alone, only JWTs of its issuers are", async () => {
    const providers = providersWith({ globus: null, introspection: [] });
    expect(providers.mayKnow("opaque")).toBe(false);
    expect(providers.mayKnow("a.b.c")).toBe(false);
    expect(providers.mayKnow(await otherIssuer.jwt("alice"))).toBe(false);
    expect(providers.mayKnow(await issuer.jwt("alice"))).toBe(true);
  });

  test("with Globus alone, no JWT is", async () => {
    const providers = providersWith({ oidc: [], introspection: [] });
    expect(providers.mayKnow(await issuer.jwt("alice"))).toBe(false);
    expect(providers.mayKnow("opaque")).toBe(true);
  });
});

describe("who is asked", () => {
  test("a JWT of a configured issuer: that one alone, even when it is no good", async () => {
    const providers = providersWith();
    const token = await issuer.jwt("alice");
    expect(await verify(providers, token)).toMatchObject({ kind: "proven", identity: { source: issuer.url } });
    const forged = jwt({ header: { alg: "none" }, claims: issuer.goodClaims("alice") }, unsigned);
    expect(await verify(providers, forged)).toEqual({ kind: "unknown" });
    await issuer.stop();
    const cold = providersWith();
    expect((await verify(cold, token)).kind).toBe("unavailable");
    expect([globus.requests, otherIssuer.requests]).toEqual([[], []]);
  });

  test("of several issuers, the one that the token names", async () => {
    const { oidc, ...rest } = { oidc: [issuer.url, otherIssuer.url], globus: null, introspection: [] };
    const claims = { audiences: ["headgate"], groupsClaim: "groups", usernameClaim: "email", clientId: null, clientSecret: null };
    const providers = providersWith({ ...rest, oidc: oidc.map((url) => ({ issuer: url, ...claims })) });
    await issuer.stop();
    const token = await otherIssuer.jwt("alice");
    expect(await verify(providers, token)).toMatchObject({ kind: "proven", identity: { source: otherIssuer.url } });
  });

  test("a JWT of another issuer: introspection, never Globus", async () => {
    const token = await otherIssuer.jwt("alice");
    otherIssuer.requests = [];
    expect(await verify(providersWith(), token)).toEqual({ kind: "unknown" });
    expect(otherIssuer.requests).toEqual(["/token/introspection"]);
    expect(globus.requests).toEqual([]);
  });

  test("an opaque token: Globus, and introspection when Globus does not know it", async () => {
    const providers = providersWith();
    globus.tokens.set("of-globus", globusPerson("u@uni.edu"));
    expect(await verify(providers, "of-globus")).toMatchObject({ kind: "proven", identity: { source: "globus" } });
    expect(otherIssuer.requests).toEqual([]);
    const token = await otherIssuer.opaque("alice");
    expect(await verify(providers, token)).toMatchObject({ kind: "proven", identity: { subject: "alice" } });
    expect(globus.count("introspect")).toBe(2);
    expect(await verify(providers, "of-nobody")).toEqual({ kind: "unknown" });
    expect(issuer.requests).toEqual([]);
  });

  test("a refusal or an expired token is the last word", async () => {
    const providers = providersWith();
    globus.tokens.set("expired", globusPerson("u@uni.edu", { exp: 1 }));
    globus.tokens.set("refused", globusPerson("u@uni.edu", { session: [] }));
    expect(await verify(providers, "expired")).toEqual({ kind: "expired" });
    expect((await verify(providers, "refused")).kind).toBe("refused");
    expect(otherIssuer.requests).toEqual([]);
  });
});

describe("providers away", () => {
  test("one that knows the token is found behind one that is away", async () => {
    const token = await otherIssuer.opaque("alice");
    await globus.stop();
    expect(await verify(providersWith(), token)).toMatchObject({ kind: "proven", identity: { subject: "alice" } });
  });

  test("a token that nobody else knows may be known to the one that is away", async () => {
    await globus.stop();
    expect(await verify(providersWith(), "opaque")).toEqual({ kind: "unavailable", detail: expect.stringContaining("globus") });
    await globus.start();
    await otherIssuer.stop();
    expect(await verify(providersWith(), "opaque")).toEqual({
      kind: "unavailable",
      detail: expect.stringContaining("introspection at"),
    });
  });

  test("a provider that says nothing holds up its own tokens, and only until the time is over", async () => {
    issuer.intercept = () => true;
    globus.tokens.set("of-globus", globusPerson("u@uni.edu"));
    const providers = providersWith({}, 3000);
    const startedAt = performance.now();
    let isStuck = true;
    const stuck = verify(providers, issuer.sign(issuer.goodClaims("alice"))).finally(() => {
      isStuck = false;
    });
    expect((await verify(providers, "of-globus")).kind).toBe("proven");
    expect(isStuck).toBe(true);
    expect((await stuck).kind).toBe("unavailable");
    expect(performance.now() - startedAt).toBeLessThan(8000);
  });
});
