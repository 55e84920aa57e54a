// Links that Headgate makes lead to Headgate, whatever a header, a parameter or a provider says (host header attacks, open redirect).
import { afterEach, describe, expect, test } from "vitest";
import { Secret } from "../../../src/core/secret.ts";
import { HttpClient } from "../../../src/egress/http-client.ts";
import { type AdminApiUnderTest, adminToken, startAdminApi } from "../../support/admin-api.ts";
import { startHeadgate } from "../../support/headgate.ts";
import { loginClient, startOidcLogin } from "../../support/oidc-login.ts";
import { rawRequest } from "../../support/raw-http.ts";

const publicUrl = "https://models.example.test";
const evil = "evil.test";
const forged = {
  "x-forwarded-host": evil,
  "x-forwarded-server": evil,
  "x-original-url": `//${evil}`,
  "x-rewrite-url": `//${evil}`,
  forwarded: `host=${evil};proto=https`,
  origin: `https://${evil}`,
  referer: `https://${evil}/`,
};

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function apiAt(publicUrl: string | null): Promise<AdminApiUnderTest> {
  const provider = await startOidcLogin();
  cleanUps.push(() => provider[Symbol.asyncDispose]());
  await provider.register({ redirectUris: [`${publicUrl ?? "http://headgate.test"}/admin/api/v1/sign-in/oidc/0/callback`] });
  const client = new HttpClient({ allowPrivate: true });
  cleanUps.push(() => client.close());
  const issuer = {
    issuer: provider.url,
    audiences: ["headgate"],
    clientId: loginClient.id,
    clientSecret: new Secret(loginClient.secret),
    usernameClaim: "preferred_username",
    groupsClaim: "groups",
  };
  const signIn = {
    oidc: [issuer],
    client,
    hasProxy: false,
    announced: () => null,
    throttleKey: (address: string) => address,
  };
  const api = await startAdminApi({ publicUrl, signIn });
  cleanUps.push(() => api.close());
  return api;
}

/** Origins of the links that are made for a request with these headers. */
async function originsOf(api: AdminApiUnderTest, headers: Record<string, string>): Promise<string[]> {
  const email = `${Math.random()}@example.test`;
  const { id } = (await api.call("POST", "/users", { name: email, email })).body;
  const ask = (method: string, path: string, more: Record<string, string> = {}) =>
    rawRequest(api.url, { method, target: `/admin/api/v1${path}`, headers: { ...headers, ...more } });
  const made = await ask("POST", `/users/${id}/password-link`, { authorization: `Bearer ${adminToken}` });
  const begun = await ask("GET", "/sign-in/oidc/0");
  const redirectUri = new URL(begun.headers.location as string).searchParams.get("redirect_uri");
  return [made.json.link, redirectUri].map((link) => new URL(link as string).origin);
}

describe("the host of links", () => {
  test("is that of the public URL, whatever the request says, and of the link of the first start too", async () => {
    const api = await apiAt(publicUrl);
    for (const headers of [{}, forged, { ...forged, host: evil }]) {
      expect(await originsOf(api, headers)).toEqual([publicUrl, publicUrl]);
    }
    const headgate = await startHeadgate({ config: { server: { public_url: publicUrl } } });
    cleanUps.push(() => headgate.stop());
    expect(headgate.setupLink).toMatch(/^https:\/\/models\.example\.test\/dashboard\/setup#[\w-]{43}$/);
  });

  test("is without a public URL the one that the asking browser has in its address, and what no host is, is none", async () => {
    const api = await apiAt(null);
    const { origin } = new URL(api.url);
    expect(await originsOf(api, forged)).toEqual([origin, origin]);
    // Only who asks gets the answer, which nothing keeps.
    expect(await originsOf(api, { host: "headgate.lan:8080" })).toEqual(Array(2).fill("http://headgate.lan:8080"));
    for (const [host, expected] of [
      [`headgate.lan/@${evil}`, "http://headgate.lan"],
      [`headgate.lan#${evil}`, "http://headgate.lan"],
      [`headgate.lan?${evil}`, "http://headgate.lan"],
      ["head gate", "http://localhost"],
      ["headgate.lan:port", "http://localhost"],
    ] as const) {
      expect([host, ...(await originsOf(api, { host }))]).toEqual([host, expected, expected]);
    }
  });
});

describe("redirects", () => {
  test("after a sign-in that fails lead to the page of the sign-in, with a word of ours alone", async () => {
    const api = await apiAt(null);
    for (const query of [
      `error=access_denied&error_description=<script>${evil}</script>&error_uri=https://${evil}`,
      `error=//${evil}&state=x`,
      `code=x&state=x&iss=https://${evil}`,
      `return_to=//${evil}&redirect_uri=https://${evil}&next=https://${evil}`,
      "",
    ]) {
      const target = `/admin/api/v1/sign-in/oidc/0/callback?${encodeURI(query)}`;
      const { status, headers, text } = await rawRequest(api.url, { target, headers: { ...forged, host: evil } });
      expect([query, status, headers.location, text]).toEqual([query, 302, "/dashboard/sign-in?error=sign_in_expired", ""]);
    }
  });

  test("below the path at which a proxy has put Headgate stay below it", async () => {
    const api = await apiAt(`${publicUrl}/headgate`);
    const { headers } = await rawRequest(api.url, { target: "/admin/api/v1/sign-in/oidc/0/callback?code=x" });
    expect(headers.location).toBe("/headgate/dashboard/sign-in?error=sign_in_expired");
  });
});
