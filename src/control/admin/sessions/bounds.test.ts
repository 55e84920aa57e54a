// How many sessions a user has, what ends them from outside, and what is told while the database is away.
import { afterEach, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi } from "../../../../test/support/admin-api.ts";
import type { OidcConfig } from "../../../domain/identity-config.ts";
import { userRow } from "../../../storage/rows.contract.ts";
import { type SignInMethod, startSession } from "../../accounts/session.ts";

const issuer = "https://idp.example.test";
const provider: OidcConfig = {
  issuer,
  audiences: ["headgate"],
  groupsClaim: "groups",
  usernameClaim: "preferred_username",
  clientId: "headgate",
  clientSecret: null,
};

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function apiWith(oidc: readonly OidcConfig[] = [], hasProxy = false): Promise<AdminApiUnderTest> {
  const client = { ask: () => Promise.reject(new Error("nobody is asked")) };
  const api = await startAdminApi({
    signIn: { oidc, client, hasProxy, announced: () => null, throttleKey: (address) => address },
  });
  cleanUps.push(() => api.close());
  return api;
}

async function session(api: AdminApiUnderTest, userId: string, method: SignInMethod, nowMs = Date.now()): Promise<string> {
  const { secret } = await api.storage.transaction((tx) =>
    startSession(tx, userId, method, { address: null, userAgent: undefined }, nowMs),
  );
  return secret;
}

async function whoami(api: AdminApiUnderTest, secret: string) {
  const answer = await api.call("GET", "/whoami", undefined, { token: null, headers: { cookie: `headgate_session=${secret}` } });
  return answer.status === 200 ? 200 : `${answer.status} ${answer.body.error.code}`;
}

describe("sessions", () => {
  it("of a user are twenty: the oldest ends with the next one, and those of others stay", async () => {
    const api = await apiWith();
    const [ada, bob] = [userRow(), userRow()];
    for (const user of [ada, bob]) await api.storage.users.insert(user);
    const startMs = Date.now() - 60_000;
    const others = await session(api, bob.id, "password", startMs - 1);
    const secrets: string[] = [];
    for (let index = 0; index < 23; index++) secrets.push(await session(api, ada.id, "password", startMs + index));
    const answers = await Promise.all(secrets.map((secret) => whoami(api, secret)));
    expect(answers).toEqual([...Array(3).fill("401 session_ended"), ...Array(20).fill(200)]);
    expect(await whoami(api, others)).toBe(200);
  });

  it("that began at a provider end when the configuration no longer has it, or nobody signs in with it any more", async () => {
    for (const [oidc, expected] of [
      [[provider], 200],
      [[{ ...provider, issuer: "https://other.example.test" }, provider], 200],
      [[], "401 session_ended"],
      [[{ ...provider, issuer: "https://other.example.test" }], "401 session_ended"],
      [[{ ...provider, clientId: null }], "401 session_ended"],
    ] as const) {
      const api = await apiWith(oidc);
      const [proven, local] = [userRow({ source: issuer, subject: "ada" }), userRow()];
      for (const user of [proven, local]) await api.storage.users.insert(user);
      expect(await whoami(api, await session(api, proven.id, "oidc"))).toBe(expected);
      expect(await whoami(api, await session(api, local.id, "password"))).toBe(200);
      await cleanUps.pop()?.();
    }
  });

  it("that began through a proxy end when none is trusted any more", async () => {
    for (const [hasProxy, expected] of [
      [true, 200],
      [false, "401 session_ended"],
    ] as const) {
      const api = await apiWith([], hasProxy);
      const user = userRow({ source: "proxy", subject: "bea" });
      await api.storage.users.insert(user);
      expect(await whoami(api, await session(api, user.id, "proxy"))).toBe(expected);
      await cleanUps.pop()?.();
    }
  });
});

describe("the ways to sign in", () => {
  it("are told while the database is away, without a set-up that can't be had now", async () => {
    const api = await apiWith([provider]);
    const ask = () => api.call("GET", "/sign-in", undefined, { token: null });
    const ways = { password: true, oidc: [{ id: "0", name: "idp.example.test" }], proxy: false };
    expect((await ask()).body).toEqual({ ...ways, setup_required: true });
    api.setDatabase(false);
    const away = await ask();
    expect([away.status, away.body]).toEqual([200, { ...ways, setup_required: false }]);
    expect((await api.call("POST", "/sessions", { email: "a@b", password: "x" }, { token: null })).status).toBe(503);
  });
});
