// A proof that one worker has had holds for all, for as long as it would have held for one.
import { expect, test } from "vitest";
import { createFakeClock } from "../../test/support/fake-clock.ts";
import type { ProvenIdentity, TokenVerdict } from "../domain/identity.ts";
import { ProvenTokens } from "./proven-tokens.ts";

const ada: ProvenIdentity = {
  userId: "usr_1",
  source: "globus",
  subject: "ada",
  username: null,
  name: null,
  email: null,
  groups: [],
  idpId: null,
  idpName: null,
  authService: "globus",
  issuedAtMs: null,
  expiresAtMs: null,
};
const minuteMs = 60_000;

function setUp() {
  const clock = createFakeClock();
  const provider = { asked: 0, verdict: { kind: "proven", identity: ada } as TokenVerdict };
  const source = {
    async verify() {
      provider.asked++;
      await Promise.resolve();
      return provider.verdict;
    },
  };
  const tokens = new ProvenTokens(source, clock);
  const verify = (token = "t", groups = false) => tokens.verify(token, { groups });
  return { clock, provider, verify };
}

test("workers that ask at once share a question, and those that ask later are told when it was proven", async () => {
  const { clock, provider, verify } = setUp();
  const [one, other] = await Promise.all([verify(), verify()]);
  expect([one, other, provider.asked]).toEqual([{ kind: "proven", identity: ada }, one, 1]);
  const provenAtMs = clock.nowMs();
  await clock.advance(4 * minuteMs - 1);
  expect(await verify()).toEqual({ kind: "proven", identity: ada, provenAtMs });
  expect(provider.asked).toBe(1);
  await verify("another");
  // Without groups it says nothing of them.
  await verify("t", true);
  expect(provider.asked).toBe(3);
});

test("after four minutes the provider is asked again, and what it says holds", async () => {
  const { clock, provider, verify } = setUp();
  await verify();
  await clock.advance(4 * minuteMs);
  provider.verdict = { kind: "unknown" };
  expect(await verify()).toEqual({ kind: "unknown" });
  provider.verdict = { kind: "unavailable", detail: "away" };
  expect((await verify()).kind).toBe("unavailable");
  expect(provider.asked).toBe(3);
});

test("while the provider is away, who was proven within fifteen minutes is known, and nobody past their token's end", async () => {
  const { clock, provider, verify } = setUp();
  const provenAtMs = clock.nowMs();
  await verify();
  provider.verdict = { kind: "proven", identity: { ...ada, expiresAtMs: provenAtMs + 5 * minuteMs } };
  await verify("short");
  provider.verdict = { kind: "unavailable", detail: "away" };
  await clock.advance(5 * minuteMs);
  expect(await verify("t", true)).toEqual({ kind: "proven", identity: ada, provenAtMs });
  expect((await verify("short")).kind).toBe("unavailable");
  expect((await verify("never seen")).kind).toBe("unavailable");
  await clock.advance(10 * minuteMs - 1);
  expect(await verify()).toEqual({ kind: "proven", identity: ada, provenAtMs });
  await clock.advance(1);
  expect((await verify()).kind).toBe("unavailable");
});
