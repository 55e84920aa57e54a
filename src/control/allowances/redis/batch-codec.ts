// A batch as the script in Redis reads it, and what it answers.
import type { CallAnswer, LeaseAnswer, LeaseAsk, LeaseBatch, LeaseGrant } from "../leases/lease-authority.ts";

/** `nowMs`: null for Redis's own time. `newIncarnation`: a random name, used where Redis knows nothing. */
export function encodeBatch(batch: LeaseBatch, nowMs: number | null, newIncarnation: string): string {
  return JSON.stringify({
    ...(nowMs === null ? {} : { t: nowMs }),
    p: batch.processId,
    q: batch.sequence,
    a: batch.acknowledged,
    i: batch.incarnation,
    n: newIncarnation,
    ...(batch.elapsedMs === null ? {} : { e: Math.ceil(batch.elapsedMs) }),
    P: batch.processes,
    d: batch.deadlineMs,
    ...(batch.hasCaughtUp === null ? {} : { u: batch.hasCaughtUp }),
    ...(batch.wasAway ? { w: true } : {}),
    ...(batch.isObserver ? { o: true } : {}),
    r: batch.asks.map(encodeAsk),
    c: batch.calls.map((needs) => needs.map(({ ask, amount, isGuess }) => [ask, amount, isGuess ? 1 : 0])),
  });
}

function encodeAsk(ask: LeaseAsk): object {
  if (ask.kind === "window") {
    const { key, windowMs, slotMs, limit, own, want, lifeMs, givenBack, booked } = ask;
    return { y: "w", k: key, w: windowMs, s: slotMs, l: limit, o: own, n: want, f: lifeMs, g: givenBack, b: booked };
  }
  if (ask.kind === "concurrency") {
    return { y: "c", k: ask.key, l: ask.limit, o: ask.used, n: ask.want, ...(ask.isLook ? { look: true } : {}) };
  }
  const { opens, reconciles } = ask;
  return {
    y: "b",
    k: ask.key,
    l: ask.limit,
    g: ask.generation,
    r: ask.isReported,
    s: ask.spent,
    h: ask.reserved,
    n: ask.want,
    ...(opens === null ? {} : { open: { l: opens.ledger, g: opens.generation } }),
    ...(reconciles === null
      ? {}
      : {
          rec: {
            l: reconciles.ledger,
            v: reconciles.version,
            quiet: reconciles.isQuiet,
            at: reconciles.markedAt,
          },
        }),
    ...(ask.isLook ? { look: true } : {}),
  };
}

/** Throws when it is not an answer to this batch. */
export function decodeAnswer(reply: unknown, batch: LeaseBatch): LeaseAnswer {
  const [kind, ...rest] = reply as [string, ...unknown[]];
  if (kind === "stale") return { kind };
  if (kind === "unknown") return { kind, incarnation: String(rest[0]), processes: Math.max(1, Number(rest[1])) };
  if (kind !== "done") throw new Error("Redis answered a batch with something else");
  const [processes, atMs, grants, calls] = rest as [number, number, unknown[][], number[][]];
  return {
    kind,
    processes: Math.max(1, Number(processes)),
    atMs: Number(atMs),
    grants: batch.asks.map((ask, index) => decodeGrant(ask, grants[index] as unknown[])),
    calls: calls.map(decodeCall),
  };
}

function decodeGrant(ask: LeaseAsk, values: readonly unknown[]): LeaseGrant {
  const number = (index: number) => Number(values[index]);
  if (ask.kind === "window") {
    return { kind: "window", slice: number(0), sliceSlot: number(1), slot: number(2), total: number(3), emptyInMs: number(4) };
  }
  if (ask.kind === "concurrency") return { kind: "concurrency", slice: number(0), total: number(1) };
  return {
    kind: "budget",
    isKnown: number(0) === 1,
    slice: number(1),
    spent: number(2),
    held: number(3),
    generation: String(values[4]),
    version: number(5),
    isQuiet: number(6) === 1,
  };
}

function decodeCall(values: readonly number[]): CallAnswer {
  if (values[0] === 1) return { granted: true, amounts: values.slice(1).map(Number) };
  const refusals: { ask: number; waitMs: number }[] = [];
  for (let index = 1; index < values.length; index += 2) {
    const waitMs = Number(values[index + 1]);
    refusals.push({ ask: Number(values[index]), waitMs: waitMs < 0 ? Number.POSITIVE_INFINITY : waitMs });
  }
  return { granted: false, refusals };
}
