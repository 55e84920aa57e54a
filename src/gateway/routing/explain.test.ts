// What explain says of a call: each state of a deployment in words, who goes first under each strategy, what the caller would get.

import { describe, expect, test } from "vitest";
import { HeadgateError } from "../../core/errors.ts";
import type { ExplainQuestion } from "../../domain/explanation.ts";
import { defaultHedge } from "../../domain/pool.ts";
import type { Principal } from "../access.ts";
import { ExplainedPool, nowMs } from "./fixtures/explained-pool.ts";
import { Tries } from "./tries.ts";

const inFiveSeconds = new Date(nowMs + 5000).toISOString();
const pair = [{ id: "a" }, { id: "b" }];

describe("a target", () => {
  test("that is offline or disabled is shown with the reason, and gets nothing", () => {
    const targets = [
      { id: "a" },
      { id: "b", status: "offline" as const, reason: "not in the provider's list" },
      { id: "c", status: "disabled" as const },
    ];
    const pool = new ExplainedPool({ targets });
    expect(pool.routingOf().candidates.map(({ deploymentId }) => deploymentId)).toEqual(["a", "b", "c"]);
    const nothing = { eligible: false, score: null, share: 0, order: null };
    expect(pool.candidate("b")).toMatchObject({ why: "offline: not in the provider's list", status: "offline", ...nothing });
    expect(pool.candidate("c")).toMatchObject({ why: "disabled", ...nothing });
    expect(pool.candidate("a")).toMatchObject({ why: "the only active target", eligible: true, share: 1, order: 1 });
    expect(pool.explain().decision).toMatchObject({ outcome: "attempt", why: "only active target" });
  });

  test("that is benched says until when and what for, and comes last", () => {
    const pool = new ExplainedPool({ targets: pair });
    pool.bench("a");
    expect(pool.candidate("a")).toMatchObject({
      eligible: false,
      why: `benched until ${inFiveSeconds}: 5 failures in a row: status 500`,
      health: { status: "benched", untilMs: nowMs + 5000 },
      score: null,
      share: 0,
      order: 2,
    });
    expect(pool.candidate("b")).toMatchObject({ eligible: true, why: "ready", health: null, share: 1, order: 1 });
  });

  test("that rests says until when, and is not tried in this call at all", () => {
    const pool = new ExplainedPool({ targets: pair });
    pool.rest("a", 5000);
    const why = `resting until ${inFiveSeconds}: status 429`;
    expect(pool.candidate("a")).toMatchObject({ eligible: false, why, order: null, health: { status: "resting" } });
  });

  test("whose bench is over gets the call as its trial; while that is under way it is left alone", () => {
    const pool = new ExplainedPool({ targets: pair });
    pool.bench("a");
    const dueMs = nowMs + 5000;
    const due = "due for a trial: 5 failures in a row: status 500";
    expect(pool.candidate("a", {}, dueMs)).toMatchObject({
      eligible: true,
      share: 1,
      order: 1,
      why: `${due}; this call would be the trial`,
    });
    expect(pool.candidate("b", {}, dueMs)).toMatchObject({
      eligible: true,
      share: 0,
      order: 2,
      why: "ready; the trial of another target goes first",
    });
    expect(pool.candidate("a", { noFallback: true }, dueMs)).toMatchObject({
      eligible: false,
      why: `${due}; left to calls that may be tried elsewhere`,
    });
    expect(pool.explain({}, dueMs).decision).toMatchObject({ why: "trial: it was benched, and is due to be tried again" });

    pool.state("a").begin(dueMs);
    const until = new Date(dueMs + 10_000).toISOString();
    expect(pool.candidate("a", {}, dueMs)).toMatchObject({
      eligible: false,
      why: `in a trial, until ${until} at most: 5 failures in a row: status 500`,
    });
  });

  test("that is due for a trial waits for the one that is due before it, and for earlier priorities", () => {
    const pool = new ExplainedPool({ targets: [...pair, { id: "c", priority: 1 }] });
    pool.bench("c", nowMs - 1000);
    pool.bench("b");
    const later = nowMs + 6000;
    expect(pool.candidate("c", {}, later).why).toMatch(/^due for a trial: .*; the trial of another target goes first$/);
    pool.state("b").reconfigured(later);
    expect(pool.candidate("c", {}, later)).toMatchObject({
      eligible: false,
      why: expect.stringMatching(/; targets of an earlier priority can take the call$/),
    });
  });

  test("is used benched when all are, except those that have failed for longer", () => {
    const pool = new ExplainedPool({ targets: [...pair, { id: "c" }] });
    for (const { id } of [...pair, { id: "c" }]) pool.bench(id);
    pool
      .state("c")
      .begin(nowMs + 5000)
      .end({ kind: "failure", cause: "status 500" }, nowMs + 5000);
    const atMs = nowMs + 4999;
    expect(pool.candidate("a", {}, atMs)).toMatchObject({
      eligible: true,
      share: 0.5,
      why: expect.stringMatching(/^benched until .*; used all the same: the others are out too$/),
    });
    expect(pool.candidate("c", {}, atMs)).toMatchObject({
      eligible: false,
      share: 0,
      order: 3,
      why: expect.stringMatching(/; others that are out too go first$/),
    });
    expect(pool.explain({}, atMs).decision).toMatchObject({ why: expect.stringMatching(/^all targets are benched; balanced/) });
  });

  test("is asked while it rests when all do: the first to be back", () => {
    const pool = new ExplainedPool({ targets: pair });
    pool.rest("a", 60_000);
    pool.rest("b", 5000);
    expect(pool.explain().decision).toMatchObject({
      why: "all targets rest: the first to be back",
      candidate: { deploymentId: "b" },
    });
    expect(pool.candidate("b")).toMatchObject({
      eligible: true,
      share: 1,
      order: 1,
      why: `resting until ${inFiveSeconds}: status 429; used all the same: all rest, and it is the first to be back`,
    });
    expect(pool.candidate("a")).toMatchObject({ eligible: false, order: null });
  });

  test("of a later priority or of weight 0 waits for the others", () => {
    const targets = [{ id: "a", weight: 0 }, { id: "b" }, { id: "c", priority: 2 }];
    const pool = new ExplainedPool({ targets });
    expect(pool.candidate("a").why).toBe("ready, but of weight 0: only when no other can take the call");
    expect(pool.candidate("c").why).toBe("ready, but priority 0 goes before 2");
    expect(pool.routingOf().candidates.map(({ eligible, order }) => [eligible, order])).toEqual([
      [false, 3],
      [true, 1],
      [false, 2],
    ]);
  });

  test("alone is used whatever its health", () => {
    const pool = new ExplainedPool({ targets: [{ id: "a" }] });
    pool.bench("a");
    expect(pool.candidate("a").why).toMatch(/^benched until .*; used all the same: it is the only active target$/);
  });
});

describe("the strategies", () => {
  test("balanced: the cost is the score, and less of it is a greater share", () => {
    const pool = new ExplainedPool({ targets: pair });
    pool.answered("a", 1000);
    pool.answered("b", 95);
    const [a, b] = [pool.candidate("a"), pool.candidate("b")];
    expect([a.score, b.score]).toEqual([1005 * 2, 100 * 2]);
    expect(a.share + b.share).toBeCloseTo(1);
    expect(b.share).toBeGreaterThan(0.95);
    expect(pool.explain().decision).toMatchObject({
      candidate: { deploymentId: "b" },
      why: `balanced: the likeliest of 2, with ${Math.round(b.share * 100)} % of such calls`,
    });
  });

  test("weighted: the part of the weights", () => {
    const pool = new ExplainedPool({
      strategy: "weighted",
      targets: [
        { id: "a", weight: 8 },
        { id: "b", weight: 2 },
      ],
    });
    expect(pool.routingOf().candidates.map(({ score, share }) => [score, share])).toEqual([
      [0.8, 0.8],
      [0.2, 0.2],
    ]);
    expect(pool.explain().decision).toMatchObject({ why: "weighted: the likeliest of 2, with 80 % of such calls" });
  });

  test("priority: the place in the order, of the first priority", () => {
    const pool = new ExplainedPool({ strategy: "priority", targets: [{ id: "z", priority: 1 }, ...pair] });
    expect(pool.routingOf().candidates.map(({ score, share, order }) => [score, share, order])).toEqual([
      [null, 0, 3],
      [1, 1, 1],
      [2, 0, 2],
    ]);
    expect(pool.explain().decision).toMatchObject({ candidate: { deploymentId: "a" }, why: "priority: first of 2" });
  });

  test("affinity: the distance of the session; with its own loaded, the next takes the call", () => {
    const pool = new ExplainedPool({ strategy: "affinity", targets: [...pair, { id: "c" }] });
    const session = "conversation";
    const routing = pool.routingOf({ session });
    expect(routing.session).toBe(session);
    const byDistance = routing.candidates.toSorted((x, y) => (x.score ?? 0) - (y.score ?? 0));
    expect(byDistance.map(({ share, order }) => [share, order])).toEqual([
      [1, 1],
      [0, 2],
      [0, 3],
    ]);
    expect(pool.explain({ session }).decision).toMatchObject({ why: "affinity: the session's own" });

    const own = byDistance[0]?.deploymentId as string;
    for (let time = 0; time < 10; time++) pool.state(own).begin(nowMs);
    const { decision } = pool.explain({ session });
    expect(decision).toMatchObject({
      candidate: { deploymentId: byDistance[1]?.deploymentId },
      why: "affinity: next for the session, its own is loaded",
    });
  });

  test("affinity: the session comes from the header, else from the body as the gateway reads it", () => {
    const pool = new ExplainedPool({ strategy: "affinity", targets: pair });
    const sessionOf = (asked: Partial<ExplainQuestion>) => pool.routingOf(asked).session;
    const body = (fields: object) => JSON.stringify({ model: "m", ...fields });
    expect(sessionOf({})).toBeNull();
    expect(sessionOf({ body: body({ user: "u", prompt_cache_key: "k" }) })).toBe("u");
    expect(sessionOf({ body: body({ metadata: { user_id: "claude" } }) })).toBe("claude");
    expect(sessionOf({ body: body({ prompt_cache_key: "k" }) })).toBe("k");
    expect(sessionOf({ session: "s", body: body({ user: "u" }) })).toBe("s");
    const messages = (content: string) => body({ messages: [{ role: "user", content }] });
    expect(sessionOf({ body: messages("Hello") })).toMatch(/^\S{27}$/);
    expect(sessionOf({ body: messages("Hello") })).not.toBe(sessionOf({ body: messages("Good day") }));
    expect(pool.explain().decision).toMatchObject({
      why: "affinity: no session; balanced: the likeliest of 2, with 50 % of such calls",
    });
    const other = new ExplainedPool({ targets: pair });
    expect(other.routingOf({ session: "s" }).session).toBeNull();
  });
});

describe("the call", () => {
  test("has its attempts and timeouts from model, endpoint, body and wishes", () => {
    const targets = [...pair, { id: "c" }];
    const pool = new ExplainedPool({ targets, maxAttempts: 2, timeouts: { totalMs: 90_000 } });
    expect(pool.routingOf()).toMatchObject({ maxAttempts: 2, callMs: 180_000, retries: { left: 10, onTimeout: true } });
    expect(pool.candidate("a").timeouts).toEqual({ connectMs: 5000, firstByteMs: 90_000, idleMs: 60_000, totalMs: 90_000 });
    const stream = { body: '{"model":"m","stream":true}' };
    expect(pool.candidate("a", stream).timeouts.firstByteMs).toBe(60_000);
    expect(pool.routingOf({ timeoutMs: 1000 }).callMs).toBe(1000);
    expect(pool.routingOf({ noFallback: true })).toMatchObject({ maxAttempts: 1 });
    expect(pool.routingOf({ noFallback: true }).candidates.map(({ order }) => order)).toEqual([1, null, null]);
    expect(new ExplainedPool({ targets }).routingOf().maxAttempts).toBe(3);
    expect(pool.routingOf({ path: "/v1/audio/speech" }).retries.onTimeout).toBe(false);
  });

  test("may be retried as often as the model's budget says", () => {
    const pool = new ExplainedPool({ targets: pair });
    const { retries } = pool.routing.models.of("mdl_1");
    for (let time = 0; time < 100; time++) retries.requestSeen(nowMs);
    expect(pool.routingOf().retries.left).toBe(20);
    for (let time = 0; time < 20; time++) expect(retries.tryTake(nowMs)).toBe(true);
    expect(pool.routingOf().retries.left).toBe(0);
    expect(retries.tryTake(nowMs)).toBe(false);
    expect(pool.routingOf({}, nowMs + 20_000).retries.left).toBe(10);
  });

  test("is hedged after the learned time, or it is said why not", () => {
    const hedged = (options: Partial<ConstructorParameters<typeof ExplainedPool>[0]> = {}) =>
      new ExplainedPool({ targets: pair, hedge: defaultHedge, ...options });
    const whyNot = (pool: ExplainedPool, asked: Partial<ExplainQuestion> = {}) => {
      const { hedge } = pool.routingOf(asked);
      expect(hedge.delayMs).toBeNull();
      return hedge.why;
    };
    const pool = hedged();
    expect(whyNot(new ExplainedPool({ targets: pair }))).toBe("not set for this model");
    expect(whyNot(pool)).toBe("too little is known yet of how long the model's calls take");
    const { firstBytes, hedges } = pool.routing.models.of("mdl_1");
    for (let time = 0; time < 20; time++) firstBytes.add(200, nowMs);
    const { delayMs, left } = pool.routingOf().hedge;
    expect(delayMs).toBeGreaterThanOrEqual(200);
    expect(delayMs).toBeLessThan(250);
    expect(left).toBe(1);
    expect(whyNot(pool, { path: "/v1/audio/speech" })).toMatch(/^not for calls of this path/);
    expect(whyNot(pool, { noFallback: true })).toBe("the call has one attempt");
    expect(whyNot(hedged({ targets: [{ id: "a" }] }))).toBe("no other target is ready");
    expect(hedges.tryTake(defaultHedge, nowMs)).toBe(true);
    expect(whyNot(pool)).toBe("the model has had its share of second attempts in the last 60 s");
    for (let time = 0; time < 60; time++) hedges.requestSeen(nowMs);
    expect(pool.routingOf().hedge).toMatchObject({ delayMs, left: 2 });
    pool.bench("b");
    expect(whyNot(pool)).toBe("no other target is ready");
  });

  test("that names an endpoint or a response goes there, whatever the pool says", () => {
    const pool = new ExplainedPool({ targets: pair });
    const whyOf = (asked: Partial<ExplainQuestion>) => {
      const { decision } = pool.explain(asked);
      expect(decision.outcome).toBe("elsewhere");
      return decision.outcome === "elsewhere" ? decision.why : "";
    };
    expect(whyOf({ path: "/endpoints/a/v1/chat/completions" })).toMatch(/^the path names an endpoint/);
    expect(whyOf({ path: "/v1/responses/resp_1/cancel" })).toMatch(/^the path names a response/);
    const body = '{"model":"m","previous_response_id":"resp_1"}';
    expect(whyOf({ path: "/v1/responses", body })).toMatch(/^the body has a previous_response_id/);
  });
});

describe("the caller", () => {
  const keys = [
    { id: "key_all" },
    { id: "key_listed", models: ["other", "m*"] },
    { id: "key_other", models: ["other"] },
    { id: "key_old", expiresAtMs: nowMs },
    { id: "key_admin", scopes: ["admin" as const] },
  ];

  test("is let in by an entry of key and group that is named, or kept out by one of them", () => {
    const pool = new ExplainedPool({ targets: pair, keys });
    const accessOf = (keyId: string | null, from = pool) => from.explain({ keyId }).access;
    expect(accessOf(null)).toMatchObject({ allowed: true, why: expect.stringContaining("without a caller") });
    expect(accessOf("key_all")).toEqual({
      allowed: true,
      why: "the key 'ci' may use all models of its groups, and group 'everyone' by '*'",
    });
    expect(accessOf("key_listed").why).toBe("the key 'ci' allows it by 'm*', and group 'everyone' by '*'");
    expect(accessOf("key_other")).toEqual({ allowed: false, why: "not among the models of the key 'ci'" });
    const narrow = new ExplainedPool({ targets: pair, keys, groupModels: ["other"] });
    expect(accessOf("key_all", narrow)).toEqual({
      allowed: false,
      why: "not among the models of the caller's groups ('everyone')",
    });
    for (const { id } of keys) {
      for (const from of [pool, narrow]) {
        const principal = from.snapshot.principal(id) as Principal;
        expect(accessOf(id, from).allowed).toBe(from.snapshot.routeFor(principal, "m") !== null);
      }
    }
  });

  test.each([
    ["who may not use the model", { keyId: "key_other" }, 404, "model_not_found"],
    ["who asks for an unknown model", { model: "nothing" }, 404, "model_not_found"],
    ["whose key has expired", { keyId: "key_old" }, 401, "key_expired"],
    ["whose key is not for calls", { keyId: "key_admin" }, 403, "not_allowed"],
    ["whose key is not for that path", { keyId: "key_all", path: "/v1/files" }, 403, "not_allowed"],
    ["of a path that leads nowhere", { path: "/nothing" }, 404, "not_found"],
    ["of a path with dot segments", { path: "/v1/../admin" }, 400, "invalid_path"],
    ["whose body is not JSON", { body: '{"model":"m"' }, 400, "invalid_json"],
    ["whose body names no model", { body: "{}" }, 400, "model_required"],
    ["whose body names two", { body: '{"model":"m","model":"m"}' }, 400, "duplicate_model"],
  ])("%s is told", (_who, asked, status, code) => {
    const { decision, routing } = new ExplainedPool({ targets: pair, keys }).explain(asked);
    expect(decision).toMatchObject({ outcome: "error", status, code, message: expect.any(String) });
    if ("model" in asked) expect(routing).toBeNull();
    else expect(routing?.candidates).toMatchObject([{ share: 0.5 }, { share: 0.5 }]);
  });

  test("is told of a model of which nothing is online, and when to come back", () => {
    const pool = new ExplainedPool({ targets: [{ id: "a", status: "offline", reason: "gone" }] });
    expect(pool.explain().decision).toMatchObject({
      outcome: "error",
      status: 503,
      code: "model_offline",
      retryAfterSeconds: 30,
    });
    expect(pool.routingOf()).toMatchObject({ maxAttempts: 0, candidates: [{ why: "offline: gone" }] });
    const tries = new Tries(pool.routing, pool.snapshot.model("m") as never, {
      session: () => null,
      mayRetry: true,
      endsAtMs: 1,
    });
    expect(() => tries.first(nowMs)).toThrow(HeadgateError);
  });

  test.each([
    ["key_id", { keyId: "key_unknown" }],
    ["body", { body: '{"model":"other"}' }],
    ["path", { path: "/v1beta/models/other:generateContent" }],
  ])("can't be told when %s does not fit the question", (field, asked) => {
    const ask = () => new ExplainedPool({ targets: pair, keys }).explain(asked);
    expect(ask).toThrow(expect.objectContaining({ code: "invalid_field", options: expect.objectContaining({ field }) }));
  });

  test("may have the model in the path, and any body then", () => {
    const pool = new ExplainedPool({ targets: pair });
    const path = "/v1beta/models/m:streamGenerateContent";
    expect(pool.explain({ path, body: '{"contents":[]}' }).decision.outcome).toBe("attempt");
    expect(pool.candidate("a", { path }).timeouts.firstByteMs).toBe(60_000);
  });
});
