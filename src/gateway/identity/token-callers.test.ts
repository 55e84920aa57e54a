// Callers with a token: asked about once, known for a while, also while their provider is away; nonsense reaches no provider for long.
import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { createFakeClock, type FakeClock } from "../../../test/support/fake-clock.ts";
import { contentOf, groupOf } from "../../domain/fixtures/views.ts";
import { groupIdOf, type ProvenIdentity, type TokenVerdict, userIdOf } from "../../domain/identity.ts";
import { noLimits } from "../../domain/limits.ts";
import type { Principal } from "../access.ts";
import type { IdentitySource } from "../ports.ts";
import { Snapshot } from "../snapshot.ts";
import { SourceAddresses } from "./source-address.ts";
import { TokenCallers } from "./token-callers.ts";

const minute = 60_000;

/** A provider whose answers the test sets: by token, `unknown` for all others. */
class Provider implements IdentitySource {
  readonly verdicts = new Map<string, TokenVerdict>();
  readonly asked: { token: string; groups: boolean }[] = [];
  readonly seenUsers: string[] = [];
  answer: Promise<void> = Promise.resolve();

  mayKnow(token: string): boolean {
    return !token.startsWith("sk-");
  }

  async verify(token: string, { groups }: { groups: boolean }): Promise<TokenVerdict> {
    this.asked.push({ token, groups });
    await this.answer;
    return this.verdicts.get(token) ?? { kind: "unknown" };
  }

  seen({ userId }: ProvenIdentity): void {
    this.seenUsers.push(userId);
  }
}

function identity(subject: string, changes: Partial<ProvenIdentity> = {}): ProvenIdentity {
  return {
    userId: userIdOf("test", subject),
    source: "test",
    subject,
    username: `${subject}@uni.edu`,
    name: subject,
    email: null,
    groups: null,
    idpId: null,
    idpName: null,
    authService: "introspection",
    issuedAtMs: null,
    expiresAtMs: null,
    ...changes,
  };
}

class Case {
  readonly clock: FakeClock = createFakeClock();
  readonly provider = new Provider();
  snapshot = new Snapshot(contentOf());
  readonly callers = new TokenCallers({
    source: this.provider,
    addresses: new SourceAddresses([]),
    announced: null,
    defaultLimits: noLimits,
    clock: this.clock,
  });

  proves(token: string, changes: Partial<ProvenIdentity> = {}): void {
    this.provider.verdicts.set(token, { kind: "proven", identity: identity(`of ${token}`, changes) });
  }

  find(tokens: string | string[], address = "192.0.2.1"): Principal | Promise<Principal> | null {
    const req = { socket: { remoteAddress: address }, headers: {} } as unknown as IncomingMessage;
    return this.callers.find(this.snapshot, [tokens].flat(), req, this.clock.nowMs());
  }

  /** The user's name, or the code of the error. */
  async outcome(tokens: string | string[], address?: string): Promise<string | null> {
    try {
      return (await this.find(tokens, address))?.identity?.name ?? null;
    } catch (error) {
      return (error as { code: string }).code;
    }
  }

  /** Whether the answer is there at once. */
  isKnown(token: string): boolean {
    const found = this.find(token);
    if (!(found instanceof Promise)) return found !== null;
    found.catch(() => undefined);
    return false;
  }
}

describe("a token that is good", () => {
  test("is asked about once, however many calls bring it at the same time, and then known at once", async () => {
    const it = new Case();
    it.proves("t");
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => it.outcome("t")));
    expect(new Set(outcomes)).toEqual(new Set(["of t"]));
    expect(it.isKnown("t")).toBe(true);
    expect(it.provider.asked.length).toBe(1);
    expect(it.provider.seenUsers).toEqual([userIdOf("test", "of t")]);
  });

  test("is renewed behind the caller's back, so that what its provider says now takes effect in five minutes", async () => {
    const it = new Case();
    it.proves("t");
    await it.outcome("t");
    it.provider.verdicts.delete("t");
    await it.clock.advance(4 * minute - 1);
    expect([it.isKnown("t"), it.provider.asked.length]).toEqual([true, 1]);
    await it.clock.advance(1);
    expect(it.isKnown("t")).toBe(true);
    await it.clock.advance(0);
    expect(it.provider.asked.length).toBe(2);
    expect(await it.outcome("t")).toBe("invalid_key");
  });

  test("that was not used for five minutes is asked about before the call goes on", async () => {
    const it = new Case();
    it.proves("t");
    await it.outcome("t");
    it.provider.verdicts.set("t", { kind: "refused", message: "no longer" });
    await it.clock.advance(5 * minute);
    expect(await it.outcome("t")).toBe("not_allowed");
  });

  test("ends with its own expiry, to the millisecond, whatever else is known of it", async () => {
    const it = new Case();
    it.proves("t", { expiresAtMs: it.clock.nowMs() + minute });
    await it.outcome("t");
    it.provider.verdicts.set("t", { kind: "unavailable", detail: "away" });
    await it.clock.advance(minute - 1);
    expect([it.isKnown("t"), it.provider.asked.length]).toEqual([true, 1]);
    await it.clock.advance(1);
    expect(await it.outcome("t")).toBe("auth_unavailable");
    it.provider.verdicts.set("t", { kind: "expired" });
    await it.clock.advance(2000);
    expect(await it.outcome("t")).toBe("key_expired");
  });

  test("that its provider still takes, its clock being behind ours, is asked about for every call", async () => {
    const it = new Case();
    it.proves("t", { expiresAtMs: it.clock.nowMs() - 1 });
    expect([await it.outcome("t"), await it.outcome("t")]).toEqual(["of t", "of t"]);
    expect(it.provider.asked.length).toBe(2);
  });

  test("is asked about again when somebody's groups begin to matter", async () => {
    const it = new Case();
    it.proves("t");
    await it.outcome("t");
    it.snapshot = new Snapshot(
      contentOf({
        groups: [groupOf(), groupOf({ id: groupIdOf("test", "g"), name: "g", source: "test", externalId: "g", models: ["m"] })],
      }),
    );
    it.proves("t", { groups: [{ externalId: "g", name: "g" }] });
    const principal = await it.find("t");
    expect(it.provider.asked.map(({ groups }) => groups)).toEqual([false, true]);
    expect(principal?.groupNames.has("g")).toBe(true);
    expect(it.isKnown("t")).toBe(true);
  });

  test("follows what an administrator changes, without its provider being asked", async () => {
    const it = new Case();
    it.proves("t");
    const before = await it.find("t");
    it.snapshot.apply({ part: "users", version: 2, users: [], groups: [groupOf({ models: ["only"] })] }, 0);
    const after = (await it.find("t")) as Principal;
    expect([before?.grants("other"), after.grants("other"), after.grants("only")]).toEqual([true, false, true]);
    expect(it.provider.asked.length).toBe(1);
  });
});

describe("while the provider is away", () => {
  test("a known token is good for ten minutes more, and no call waits for the provider", async () => {
    const it = new Case();
    it.proves("t");
    await it.outcome("t");
    it.provider.verdicts.set("t", { kind: "unavailable", detail: "away" });
    for (let second = 0; second < 15 * 60 - 1; second++) {
      await it.clock.advance(1000);
      if (second % 7 === 0) expect([second, it.isKnown("t")]).toEqual([second, true]);
    }
    await it.clock.advance(2000);
    expect(await it.outcome("t")).toBe("auth_unavailable");
    // Every two seconds at most, from the fourth minute on.
    expect(it.provider.asked.length).toBeLessThan((11 * 60) / 2 + 5);
  });

  test("a token that was long unused has its grace too", async () => {
    const it = new Case();
    it.proves("t");
    await it.outcome("t");
    it.provider.verdicts.set("t", { kind: "unavailable", detail: "away" });
    await it.clock.advance(14 * minute);
    expect(await it.outcome("t")).toBe("of t");
    expect(it.isKnown("t")).toBe(true);
    await it.clock.advance(minute);
    expect(await it.outcome("t")).toBe("auth_unavailable");
  });

  test("a clock that is put back by hours does not stretch the grace", async () => {
    const it = new Case();
    it.proves("t");
    await it.outcome("t");
    it.provider.verdicts.set("t", { kind: "unavailable", detail: "on purpose" });
    await it.clock.advance(-5 * minute);
    expect(await it.outcome("t")).toBe("of t");
    await it.clock.advance(-300 * minute);
    expect(await it.outcome("t")).toBe("auth_unavailable");
  });

  test("nobody waits for it although groups have begun to matter meanwhile", async () => {
    const it = new Case();
    it.proves("t");
    await it.outcome("t");
    it.provider.verdicts.set("t", { kind: "unavailable", detail: "on purpose" });
    it.snapshot = new Snapshot(
      contentOf({ groups: [groupOf(), groupOf({ id: "grp_p", source: "test", externalId: "p", models: ["m"] })] }),
    );
    expect(await it.outcome("t")).toBe("of t");
    it.provider.answer = new Promise(() => undefined);
    await it.clock.advance(3000);
    expect(it.isKnown("t")).toBe(true);
    expect(it.provider.asked).toHaveLength(3);
  });

  test("a proof that was made for another process lasts from then, and no longer", async () => {
    const it = new Case();
    it.provider.verdicts.set("t", { kind: "proven", identity: identity("of t"), provenAtMs: it.clock.nowMs() - 14 * minute });
    expect(await it.outcome("t")).toBe("of t");
    expect(it.isKnown("t")).toBe(true);
    it.provider.verdicts.set("t", { kind: "unavailable", detail: "away" });
    await it.clock.advance(minute - 1);
    expect(await it.outcome("t")).toBe("of t");
    await it.clock.advance(1);
    expect(await it.outcome("t")).toBe("auth_unavailable");
  });

  test("an unknown token is refused with 503 for two seconds before the provider is asked again", async () => {
    const it = new Case();
    it.provider.verdicts.set("t", { kind: "unavailable", detail: "away" });
    expect(await it.outcome("t")).toBe("auth_unavailable");
    await it.clock.advance(1999);
    expect(await it.outcome("t")).toBe("auth_unavailable");
    expect(it.provider.asked.length).toBe(1);
    it.proves("t");
    await it.clock.advance(1);
    expect(await it.outcome("t")).toBe("of t");
  });
});

describe("a token that is no good", () => {
  test.each([
    ["unknown", { kind: "unknown" }, "invalid_key"],
    ["expired", { kind: "expired" }, "key_expired"],
    ["not allowed in", { kind: "refused", message: "wrong domain" }, "not_allowed"],
  ] as const)("%s: is refused the same way for ten seconds without a question", async (_name, verdict, code) => {
    const it = new Case();
    it.provider.verdicts.set("t", verdict);
    expect(await it.outcome("t")).toBe(code);
    await it.clock.advance(9999);
    expect(await it.outcome("t")).toBe(code);
    expect(it.provider.asked.length).toBe(1);
    await it.clock.advance(1);
    expect(await it.outcome("t")).toBe(code);
    expect(it.provider.asked.length).toBe(2);
  });

  test("does not stand in the way of another credential of the same request", async () => {
    const it = new Case();
    it.proves("good");
    expect(await it.outcome(["bad", "good"])).toBe("of good");
    expect(await it.outcome(["bad", "good"])).toBe("of good");
    it.provider.verdicts.set("refused", { kind: "refused", message: "no" });
    expect(await it.outcome(["bad", "refused"])).toBe("not_allowed");
  });

  test("keys never get to a provider", async () => {
    const it = new Case();
    expect(it.find("sk-hg-abc-def")).toBeNull();
    expect(it.provider.asked).toEqual([]);
  });
});

describe("10,000 random tokens from one address", () => {
  test("reach the provider 100 times a minute, and keep nobody else waiting", async () => {
    const it = new Case();
    it.proves("known");
    it.proves("elsewhere");
    await it.outcome("known");
    const codes = new Map<string | null, number>();
    for (let index = 0; index < 10_000; index++) {
      const code = await it.outcome(`random-${index}`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      if (index % 100 === 0) expect(it.isKnown("known")).toBe(true);
    }
    expect(codes).toEqual(
      new Map([
        ["invalid_key", 100],
        ["rate_limit_exceeded", 9900],
      ]),
    );
    expect(it.provider.asked.length).toBe(101);
    expect(await it.outcome("elsewhere", "198.51.100.7")).toBe("of elsewhere");
    await it.clock.advance(minute);
    expect(await it.outcome("random-1")).toBe("invalid_key");
  });

  test("sent all at once while the provider takes its time, keep to the same bound", async () => {
    const it = new Case();
    let answer = () => {};
    it.provider.answer = new Promise((resolve) => {
      answer = resolve;
    });
    const outcomes = Array.from({ length: 10_000 }, (_, index) => it.outcome(`random-${index}`));
    await it.clock.advance(0);
    expect(it.provider.asked.length).toBe(100);
    answer();
    expect((await Promise.all(outcomes)).filter((code) => code === "invalid_key").length).toBe(100);
  });

  test("good tokens are not counted: a thousand people behind one address come in", async () => {
    const it = new Case();
    for (let person = 0; person < 1000; person++) {
      it.proves(`person-${person}`);
      expect(await it.outcome(`person-${person}`)).toBe(`of person-${person}`);
    }
  });
});
