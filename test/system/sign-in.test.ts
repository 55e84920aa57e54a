// Signing in to a whole Headgate: the link of the first start, an OpenID provider, a proxy in front, and attacks on each.
import { afterEach, describe, expect, test } from "vitest";
import { userIdOf } from "../../src/domain/identity.ts";
import { Browser, type Visit } from "../support/browser.ts";
import { temporaryDirectory } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { type Headgate, type HeadgateOptions, startHeadgate } from "../support/headgate.ts";
import type { LooseJson } from "../support/loose-json.ts";
import { type LoginClient, loginClient, type OidcLogin, startOidcLogin } from "../support/oidc-login.ts";
import { ShiftedClock } from "../support/shifted-clock.ts";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const callbackPath = "/admin/api/v1/sign-in/oidc/0/callback";

interface Setting {
  headgate: Headgate;
  provider: OidcLogin;
  /** Where the sign-in begins. */
  begin: string;
}

async function setting(options: HeadgateOptions = {}, client: Partial<LoginClient> = {}): Promise<Setting> {
  const provider = await startOidcLogin();
  cleanUps.push(() => provider[Symbol.asyncDispose]());
  const secret = client.authMethod === "none" ? {} : { client_secret: loginClient.secret };
  const oidc = [{ issuer: provider.url, audience: "headgate", client_id: loginClient.id, ...secret }];
  const config = { ...options.config, identity: { ...(options.config?.identity as object), oidc } };
  const headgate = await startHeadgate({ ...options, config });
  cleanUps.push(() => headgate.stop());
  await provider.register({ redirectUris: [headgate.url + callbackPath], ...client });
  provider.claims.set("ada", { name: "Ada", email: "ada@uni.test", email_verified: true, groups: ["physics", "staff"] });
  return { headgate, provider, begin: `${headgate.url}/admin/api/v1/sign-in/oidc/0` };
}

const toDashboard = (next: string) => new URL(next).pathname.startsWith("/dashboard");
const last = (visits: Visit[]) => visits.at(-1) as Visit;
const pathOf = (url: string | null) => (url === null ? null : url.slice(new URL(url).origin.length));

async function whoami(headgate: Headgate, browser: Browser) {
  const { status, text } = await browser.visit(`${headgate.url}/admin/api/v1/whoami`);
  return { status, body: JSON.parse(text) };
}

describe("an OpenID provider", () => {
  test("signs people in, who come back to where they were going, as the user that their tokens are", async () => {
    const { headgate, provider, begin } = await setting();
    const offered = (await (await fetch(`${headgate.url}/admin/api/v1/sign-in`)).json()) as LooseJson;
    expect(offered.oidc).toEqual([{ id: "0", name: new URL(provider.url).host }]);
    const browser = new Browser();
    const visits = await browser.follow(`${begin}?return_to=${encodeURIComponent("/dashboard/keys?page=2")}`, toDashboard);
    expect(pathOf(last(visits).location)).toBe("/dashboard/keys?page=2");
    const asked = new URL(visits[0]?.location as string).searchParams;
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: "code",
      client_id: loginClient.id,
      redirect_uri: headgate.url + callbackPath,
      code_challenge_method: "S256",
      scope: "openid profile email groups",
    });
    for (const name of ["state", "nonce", "code_challenge"]) expect(asked.get(name)).toMatch(/^[\w-]{43}$/);
    const id = userIdOf(provider.url, "ada");
    expect((await whoami(headgate, browser)).body).toMatchObject({ kind: "user", user_id: id, name: "Ada", role: "member" });
    const { body: user } = await headgate.admin("GET", `/users/${id}`);
    expect(user).toMatchObject({ source: provider.url, subject: "ada", email: "ada@uni.test", has_password: false });
    expect(user.groups.map(({ name }: { name: string }) => name)).toEqual(["physics", "staff"]);
    const { body: sessions } = await headgate.admin("GET", `/sessions?user_id=${id}`);
    expect(sessions.data).toMatchObject([{ method: "oidc", address: "127.0.0.1" }]);
    // What was remembered on the way is gone, and what is there is out of a script's reach.
    expect([...browser.cookiesOf(headgate.url).keys()]).toEqual(["headgate_session"]);
    for (const visit of visits.filter(({ url }) => url.startsWith(headgate.url))) {
      for (const cookie of visit.headers.getSetCookie()) expect(cookie).toMatch(/; HttpOnly; SameSite=Lax/);
    }
  });

  test.each<Partial<LoginClient>>([{ authMethod: "client_secret_post" }, { authMethod: "none" }, { signingAlg: "ES256" }])(
    "in the way that it wants: %j",
    async (client) => {
      const { headgate, begin } = await setting({}, client);
      const browser = new Browser();
      expect(pathOf(last(await browser.follow(begin, toDashboard)).location)).toBe("/dashboard/");
      expect((await whoami(headgate, browser)).status).toBe(200);
    },
  );

  test("what it says anew counts, what an administrator has decided stays; who is disabled is told so", async () => {
    const { headgate, provider, begin } = await setting();
    const id = userIdOf(provider.url, "ada");
    await new Browser().follow(begin, toDashboard);
    await headgate.admin("PATCH", `/users/${id}`, { role: "operator" });
    provider.claims.set("ada", { name: "Ada L.", groups: ["staff"] });
    const browser = new Browser();
    await browser.follow(begin, toDashboard);
    const { body: user } = await headgate.admin("GET", `/users/${id}`);
    expect([user.name, user.role, user.groups.map(({ name }: { name: string }) => name)]).toEqual([
      "Ada L.",
      "operator",
      ["staff"],
    ]);
    await headgate.admin("PATCH", `/users/${id}`, { disabled: true });
    expect((await whoami(headgate, browser)).status).toBe(401);
    const again = last(await browser.follow(begin, toDashboard));
    expect(pathOf(again.location)).toBe("/dashboard/sign-in?error=account_disabled");
    expect(browser.cookiesOf(headgate.url).has("headgate_session")).toBe(true); // the one that has ended
    expect((await whoami(headgate, browser)).status).toBe(401);
  });

  test("leads to no other site, whatever a link to it says", async () => {
    const { headgate, begin } = await setting();
    for (const evil of [
      "https://evil.test/",
      "//evil.test",
      "/\\evil.test",
      "/dashboard/../..//evil.test",
      "/dashboard\r\nx: y",
      "javascript:alert(1)",
    ]) {
      const { location } = last(await new Browser().follow(`${begin}?return_to=${encodeURIComponent(evil)}`, toDashboard));
      expect([evil, location]).toEqual([evil, `${headgate.url}/dashboard/`]);
    }
  });

  /** Up to the way back, which is not taken. */
  async function atTheDoor({ headgate, begin }: Setting, browser: Browser): Promise<string> {
    const back = last(await browser.follow(begin, (next) => next.startsWith(headgate.url + callbackPath))).location;
    if (back === null) throw new Error("the provider does not send the browser back");
    return back;
  }

  const refusedWith = async (browser: Browser, url: string, error: string) => {
    const visit = await browser.visit(url);
    expect([visit.status, pathOf(visit.location)]).toEqual([302, `/dashboard/sign-in?error=${error}`]);
    expect(visit.text).toBe("");
    expect(visit.headers.getSetCookie().join()).not.toContain("session=");
  };

  test("its way back is good in the browser that went there alone, once (login CSRF, replay)", async () => {
    const all = await setting();
    const { headgate } = all;
    const [mallory, victim] = [new Browser(), new Browser()];
    const back = await atTheDoor(all, mallory);
    // The attacker's way back in the victim's browser: one that has not gone there, and one that is on a way of its own.
    await refusedWith(victim, back, "sign_in_expired");
    await atTheDoor(all, victim);
    await refusedWith(victim, back, "sign_in_expired");
    expect((await whoami(headgate, victim)).status).toBe(401);
    const kept = new Map(mallory.cookiesOf(headgate.url));
    expect(pathOf((await mallory.visit(back)).location)).toBe("/dashboard/");
    const before = [...mallory.cookiesOf(headgate.url).values()];
    // Again: without the cookie, and with it put back.
    await refusedWith(mallory, back, "sign_in_expired");
    for (const [name, value] of kept) mallory.cookiesOf(headgate.url).set(name, value);
    await refusedWith(mallory, back, "sign_in_failed");
    expect([...mallory.cookiesOf(headgate.url).values()]).toEqual(before);
  });

  test("what was changed on the way back signs nobody in", async () => {
    const all = await setting();
    const changes: [(query: URLSearchParams) => void, string][] = [
      [(query) => query.delete("state"), "sign_in_expired"],
      [(query) => query.set("state", "x".repeat(43)), "sign_in_expired"],
      [(query) => query.append("state", "x".repeat(43)), "sign_in_failed"],
      [(query) => query.set("code", "guessed"), "sign_in_failed"],
      [(query) => query.delete("code"), "sign_in_failed"],
      [(query) => query.set("iss", "https://evil.test"), "sign_in_failed"],
    ];
    for (const [change, error] of changes) {
      const browser = new Browser();
      const back = new URL(await atTheDoor(all, browser));
      change(back.searchParams);
      await refusedWith(browser, back.href, error);
    }
  });

  test("another one's code signs nobody in: it was made for another verifier and nonce", async () => {
    const all = await setting();
    const [mallory, victim] = [new Browser(), new Browser()];
    const stolen = new URL(await atTheDoor(all, victim)).searchParams.get("code") as string;
    const back = new URL(await atTheDoor(all, mallory));
    back.searchParams.set("code", stolen);
    await refusedWith(mallory, back.href, "sign_in_failed");
  });

  test("is asked about no more than fifty ways back in a row that an address has made up", async () => {
    const all = await setting();
    const browser = new Browser();
    const back = new URL(await atTheDoor(all, browser));
    const kept = new Map(browser.cookiesOf(all.headgate.url));
    back.searchParams.set("code", "guessed");
    const again = async () => {
      for (const [name, value] of kept) browser.cookiesOf(all.headgate.url).set(name, value);
      return new URL((await browser.visit(back.href)).location as string).searchParams.get("error");
    };
    for (let tries = 0; tries < 50; tries++) expect(await again()).toBe("sign_in_failed");
    const asked = all.provider.requests.length;
    expect(await again()).toBe("too_many_sign_ins");
    expect(all.provider.requests).toHaveLength(asked);
  });

  test("is waited for ten minutes", async () => {
    const clock = new ShiftedClock();
    const all = await setting({ clock });
    const browser = new Browser();
    const back = await atTheDoor(all, browser);
    clock.forward(10 * 60_000);
    await refusedWith(browser, back, "sign_in_expired");
  });

  test("somebody who changes their mind, and a provider that is away, lead back to the sign-in with a word, and nothing else", async () => {
    const { headgate, provider, begin } = await setting();
    provider.account = null;
    const cancelled = last(await new Browser().follow(begin, toDashboard));
    expect(cancelled.location).toBe(`${headgate.url}/dashboard/sign-in?error=sign_in_cancelled`);
    provider.account = "ada";
    provider.intercept = (request, response) => {
      if (request.url !== "/token") return false;
      response.destroy();
      return true;
    };
    const away = last(await new Browser().follow(begin, toDashboard));
    expect(away.location).toBe(`${headgate.url}/dashboard/sign-in?error=provider_unavailable`);
    const other = await setting();
    other.provider.intercept = (_request, response) => {
      response.writeHead(500).end("<pre>stack</pre>");
      return true;
    };
    await refusedWith(new Browser(), other.begin, "provider_unavailable");
    await eventually(() => other.headgate.logText().includes("nobody was signed in by an identity provider"));
    other.provider.intercept = null;
    expect(pathOf(last(await new Browser().follow(other.begin, toDashboard)).location)).toBe("/dashboard/");
    const unknown = await fetch(`${headgate.url}/admin/api/v1/sign-in/oidc/1`, { redirect: "manual" });
    expect(unknown.status).toBe(404);
    expect(headgate.logText() + other.headgate.logText()).not.toContain(loginClient.secret);
  });

  test("behind a proxy that ends TLS every cookie is held to this host and to TLS", async () => {
    const provider = await startOidcLogin();
    cleanUps.push(() => provider[Symbol.asyncDispose]());
    const headgate = await startHeadgate({
      config: {
        server: { trusted_proxies: ["127.0.0.1"] },
        identity: {
          oidc: [{ issuer: provider.url, audience: "h", client_id: loginClient.id, client_secret: loginClient.secret }],
        },
      },
    });
    cleanUps.push(() => headgate.stop());
    const outside = headgate.url.replace("http:", "https:");
    await provider.register({ redirectUris: [outside + callbackPath] });
    const browser = new Browser({ "x-forwarded-proto": "https" });
    const visits = await browser.follow(`${headgate.url}/admin/api/v1/sign-in/oidc/0`, (next) => next.startsWith(outside));
    const back = await browser.visit((last(visits).location as string).replace("https:", "http:"));
    expect(pathOf(back.location)).toBe("/dashboard/");
    const cookies = [...(visits[0] as Visit).headers.getSetCookie(), ...back.headers.getSetCookie()];
    expect(cookies).toHaveLength(3);
    for (const cookie of cookies) expect(cookie).toMatch(/^__Host-headgate_\w+=.*; Path=\/; HttpOnly; SameSite=Lax; .*; Secure$/);
    expect([...browser.cookiesOf(headgate.url).keys()]).toEqual(["__Host-headgate_session"]);
    // Nobody but the proxy says that it is TLS.
    const untrusting = await startHeadgate();
    cleanUps.push(() => untrusting.stop());
    const { text } = await browser.visit(`${untrusting.url}/admin/api/v1/sign-in`);
    expect(JSON.parse(text).oidc).toEqual([]);
  });
});

describe("a proxy in front", () => {
  const config = { identity: { proxy_header: { enabled: true, trusted_proxies: ["127.0.0.0/8"] } } };
  const alice = { "x-forwarded-email": "alice@uni.test", "x-forwarded-groups": "physics" };

  test("says who signs in, where it is trusted, and nowhere else", async () => {
    const headgate = await startHeadgate({ config });
    cleanUps.push(() => headgate.stop());
    const sessions = `${headgate.url}/admin/api/v1/sessions`;
    const browser = new Browser(alice);
    expect(JSON.parse((await browser.visit(`${headgate.url}/admin/api/v1/sign-in`)).text).proxy).toBe(true);
    const signedIn = await browser.visit(sessions, { method: "POST", body: { proxy: true } });
    expect(signedIn.status).toBe(201);
    const { user_id: id } = JSON.parse(signedIn.text);
    expect(id).toBe(userIdOf("proxy", "alice@uni.test"));
    expect((await headgate.admin("GET", `/users/${id}`)).body.groups).toMatchObject([{ name: "physics" }]);
    const foreign = { method: "POST", body: { proxy: true }, headers: { origin: "https://evil.test" } };
    expect((await new Browser(alice).visit(sessions, foreign)).status).toBe(403);
    expect((await new Browser().visit(sessions, { method: "POST", body: { proxy: true } })).status).toBe(401);

    const elsewhere = { identity: { proxy_header: { enabled: true, trusted_proxies: ["10.0.0.0/8"] } } };
    for (const untrusting of [await startHeadgate(), await startHeadgate({ config: elsewhere })]) {
      cleanUps.push(() => untrusting.stop());
      const refused = await new Browser(alice).visit(`${untrusting.url}/admin/api/v1/sessions`, {
        method: "POST",
        body: { proxy: true },
      });
      expect(refused.status).toBe(401);
    }
  });
});

describe("the first administrator", () => {
  test("comes of the link of the start: a new one each time, until there is one", async () => {
    const { path: dataDir, remove } = await temporaryDirectory();
    cleanUps.push(remove);
    const first = await startHeadgate({ dataDir });
    expect(first.setupLink).toMatch(new RegExp(`^${first.url}/dashboard/setup#[\\w-]{43}$`));
    await first.stop();
    const second = await startHeadgate({ dataDir });
    const password = "a password of the tests";
    const setUp = (link: string | null) =>
      new Browser().visit(`${second.url}/admin/api/v1/setup`, {
        method: "POST",
        body: { secret: link?.split("#")[1], name: "Ada", email: "ada@example.test", password },
      });
    expect((await setUp(first.setupLink)).status).toBe(410);
    expect((await setUp(second.setupLink)).status).toBe(201);
    const secrets = [first.setupLink, second.setupLink].map((link) => link?.split("#")[1] as string);
    for (const text of [...secrets, password]) expect(first.logText() + second.logText()).not.toContain(text);
    await second.stop();
    const third = await startHeadgate({ dataDir });
    cleanUps.push(() => third.stop());
    expect(third.setupLink).toBeNull();
    const signedIn = await new Browser().visit(`${third.url}/admin/api/v1/sessions`, {
      method: "POST",
      body: { email: "ada@example.test", password },
    });
    expect(signedIn.status).toBe(201);
  });
});
