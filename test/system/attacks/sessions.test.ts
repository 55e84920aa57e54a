// Attacks on sessions: planted before the sign-in (fixation), ridden from another site (CSRF), and confused by a second cookie (tossing).
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Browser } from "../../support/browser.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { loginClient, type OidcLogin, startOidcLogin } from "../../support/oidc-login.ts";

const password = "a password of the tests";
const behindTls = { "x-forwarded-for": "192.0.2.7", "x-forwarded-proto": "https,http" };

let provider: OidcLogin;
let headgate: Headgate;
let api: string;
/** Passwords are costly: tests that end no session of theirs share these. */
let victim: SignedIn;
let mallory: SignedIn;
beforeAll(async () => {
  provider = await startOidcLogin();
  headgate = await startHeadgate({
    config: {
      server: { trusted_proxies: ["127.0.0.1"] },
      identity: {
        oidc: [{ issuer: provider.url, audience: "headgate", client_id: loginClient.id, client_secret: loginClient.secret }],
      },
    },
  });
  api = `${headgate.url}/admin/api/v1`;
  await provider.register({ redirectUris: [`${api}/sign-in/oidc/0/callback`] });
  provider.claims.set("ada", { name: "Ada", email: "ada@uni.test", email_verified: true });
  [victim, mallory] = [await signedIn(await account()), await signedIn(await account())];
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.[Symbol.asyncDispose]();
});

const cookieName = "headgate_session";
const code = ({ status, text }: { status: number; text: string }) => [status, text === "" ? null : JSON.parse(text).error?.code];
const cookiesOf = (browser: Browser) => browser.cookiesOf(headgate.url);
const whoami = (browser: Browser) => browser.visit(`${api}/whoami`);

let people = 0;
async function account(): Promise<string> {
  const email = `person${people++}@example.test`;
  const { body: user } = await headgate.admin("POST", "/users", { name: email, email });
  const { body: link } = await headgate.admin("POST", `/users/${user.id}/password-link`);
  const body = { secret: link.link.split("#")[1], password };
  expect((await new Browser().visit(`${api}/password`, { method: "POST", body })).status).toBe(204);
  return email;
}

interface SignedIn {
  email: string;
  browser: Browser;
  secret: string;
  csrf: string;
}

async function signedIn(email: string): Promise<SignedIn> {
  const browser = new Browser();
  const answer = await browser.visit(`${api}/sessions`, { method: "POST", body: { email, password } });
  expect(answer.status).toBe(201);
  return { email, browser, secret: cookiesOf(browser).get(cookieName) as string, csrf: JSON.parse(answer.text).csrf_token };
}

describe("session fixation", () => {
  test("whichever way somebody signs in, what was planted before is neither their session nor anybody's afterwards", async () => {
    const ways: [string, (browser: Browser) => Promise<unknown>][] = [
      [
        "set-up",
        (browser) => {
          const body = { secret: headgate.setupLink?.split("#")[1], name: "Root", email: "root@example.test", password };
          return browser.visit(`${api}/setup`, { method: "POST", body });
        },
      ],
      ["password", (browser) => browser.visit(`${api}/sessions`, { method: "POST", body: { email: victim.email, password } })],
      ["OpenID", (browser) => browser.follow(`${api}/sign-in/oidc/0`, (next) => new URL(next).pathname.startsWith("/dashboard"))],
    ];
    for (const [way, signIn] of ways) {
      for (const planted of [(await signedIn(mallory.email)).secret, "chosen-by-the-attacker"]) {
        const browser = new Browser();
        cookiesOf(browser).set(cookieName, planted);
        // The link of the start is good once.
        if (way === "set-up" && planted === "chosen-by-the-attacker") continue;
        await signIn(browser);
        expect([way, (await whoami(browser)).status]).toEqual([way, 200]);
        expect(cookiesOf(browser).get(cookieName)).not.toBe(planted);
        const attacker = new Browser();
        cookiesOf(attacker).set(cookieName, planted);
        expect([way, ...code(await whoami(attacker))]).toEqual([way, 401, "session_ended"]);
      }
    }
  });

  test("who had the session before a new password does not have the one after it, nor its token", async () => {
    const { browser, secret, csrf } = await signedIn(await account());
    const change = await browser.visit(`${api}/password`, {
      method: "PUT",
      headers: { "x-csrf-token": csrf },
      body: { current_password: password, password: `${password}, and a better one` },
    });
    expect(change.status).toBe(200);
    expect(JSON.parse(change.text).csrf_token).not.toBe(csrf);
    expect((await whoami(browser)).status).toBe(200);
    const thief = new Browser();
    cookiesOf(thief).set(cookieName, secret);
    expect(code(await whoami(thief))).toEqual([401, "session_ended"]);
  });
});

describe("CSRF", () => {
  /** Every route that changes something, but those that anybody may call, with something in place of its parameters. */
  async function changingRoutes(): Promise<[string, string][]> {
    const { paths } = (await (await fetch(`${api}/openapi.json`)).json()) as LooseJson;
    return Object.entries(paths as Record<string, Record<string, { security?: unknown[] }>>).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([method, { security }]) => method !== "get" && security?.length !== 0)
        .map(([method]): [string, string] => [
          method.toUpperCase(),
          path.replace("/admin/api/v1", "").replace(/\{[^}]+\}/g, "x"),
        ]),
    );
  }

  test("no route that changes anything is moved by the cookie alone, whatever a form or a script of another site can send", async () => {
    const { browser, csrf } = victim;
    const forged: Record<string, string>[] = [
      {},
      { "content-type": "text/plain" },
      { "content-type": "application/x-www-form-urlencoded" },
      { "content-type": "multipart/form-data; boundary=x" },
      { "x-csrf-token": "" },
      { "x-csrf-token": "x".repeat(csrf.length) },
      { "x-csrf-token": mallory.csrf },
      { "x-csrf-token": `${csrf}, ${csrf}` },
      { "x-xsrf-token": csrf },
      { origin: "https://evil.test", "sec-fetch-site": "cross-site" },
    ];
    const routes = await changingRoutes();
    expect(routes.length).toBeGreaterThan(25);
    for (const [index, [method, path]] of routes.entries()) {
      // All of them at one route, one of them at each of the others: what checks is one hook.
      for (const headers of path === "/keys" ? forged : [forged[index % forged.length] ?? {}]) {
        const answer = await browser.visit(`${api}${path}`, { method, headers, body: { name: "forged" } });
        expect([method, path, headers, ...code(answer)]).toEqual([method, path, headers, 403, "csrf_required"]);
      }
    }
    // The token in the address or the body is none: both are what a form can write.
    const body = { name: "forged", csrf_token: csrf };
    expect(code(await browser.visit(`${api}/keys?x-csrf-token=${csrf}`, { method: "POST", body }))).toEqual([
      403,
      "csrf_required",
    ]);
    const own = await browser.visit(`${api}/keys`, { method: "POST", headers: { "x-csrf-token": csrf }, body: { name: "own" } });
    expect(own.status).toBe(201);
  });

  test("a method in a header or in the address is not the method", async () => {
    const { browser } = victim;
    for (const name of ["x-http-method-override", "x-http-method", "x-method-override"]) {
      await browser.visit(`${api}/sessions/current?_method=DELETE`, { headers: { [name]: "DELETE" } });
    }
    expect((await whoami(browser)).status).toBe(200);
  });

  test("no origin is told to send cookies along, not even one that may call models", async () => {
    const friendly = await startHeadgate({ config: { server: { cors_origins: ["*"] } } });
    try {
      const origin = "https://evil.test";
      for (const [method, path] of [
        ["GET", "/whoami"],
        ["OPTIONS", "/keys"],
      ] as const) {
        const headers = { origin, "access-control-request-method": "POST", "access-control-request-headers": "x-csrf-token" };
        const answer = await fetch(`${friendly.url}/admin/api/v1${path}`, { method, headers });
        expect([path, answer.headers.get("access-control-allow-credentials")]).toEqual([path, null]);
      }
    } finally {
      await friendly.stop();
    }
  });
});

describe("cookies", () => {
  test("behind TLS, as the first of several proxies saw it, they are held to this host and to TLS", async () => {
    const flags = (lines: string[]) => lines.map((line) => line.replace(/=[^;]+;/, "=…;"));
    const rest = "=…; Path=/; HttpOnly; SameSite=Lax; Max-Age=";
    const signIn = (headers: Record<string, string>) =>
      new Browser(headers).visit(`${api}/sessions`, { method: "POST", body: { email: victim.email, password } });
    expect(flags((await signIn({})).headers.getSetCookie())).toEqual([`headgate_session${rest}604800`]);
    const behind = (await signIn(behindTls)).headers.getSetCookie();
    expect(flags(behind)).toEqual([`__Host-headgate_session${rest}604800; Secure`]);
    // The cookie of a sign-in that waits for its provider is made by the same rule, without a password.
    for (const [proto, isSecure] of [
      ["https", true],
      ["HTTPS , http", true],
      ["https,https", true],
      ["http", false],
      ["http,https", false],
      ["", false],
      ["httpsx", false],
      [",https", false],
    ] as const) {
      const { headers } = await new Browser({ "x-forwarded-proto": proto }).visit(`${api}/sign-in/oidc/0`);
      const expected = isSecure ? `__Host-headgate_sign_in${rest}600; Secure` : `headgate_sign_in${rest}600`;
      expect([proto, flags(headers.getSetCookie())]).toEqual([proto, [expected]]);
    }
  });

  test("a second one, as another host of the domain can plant it, makes nobody of somebody, and never somebody else", async () => {
    const ask = async (cookie: string, headers: Record<string, string> = {}) => {
      const answer = await fetch(`${api}/whoami`, { headers: { cookie, ...headers } });
      return [answer.status, ((await answer.json()) as LooseJson).error?.code];
    };
    const pair = (secret: string, name = cookieName) => `${name}=${secret}`;
    for (const [first, second] of [
      [mallory.secret, victim.secret],
      [victim.secret, mallory.secret],
      ["", victim.secret],
      [victim.secret, "x"],
    ] as const) {
      expect(await ask(`${pair(first)}; ${pair(second)}`)).toEqual([401, "missing_key"]);
    }
    // The same twice, and names that are not the name, are no question.
    for (const others of [
      pair(victim.secret),
      `x${pair(mallory.secret)}`,
      `Headgate_session=${mallory.secret}`,
      "headgate_session",
    ]) {
      expect([others, ...(await ask(`${others}; ${pair(victim.secret)}`))]).toEqual([others, 200, undefined]);
    }
    // Behind TLS the one without the prefix, which any host of the domain can set, counts for nothing.
    expect(await ask(pair(mallory.secret), behindTls)).toEqual([401, "missing_key"]);
    const prefixed = `__Host-${pair(victim.secret)}`;
    expect(await ask(`${pair(mallory.secret)}; ${prefixed}`, behindTls)).toEqual([200, undefined]);
  });
});
