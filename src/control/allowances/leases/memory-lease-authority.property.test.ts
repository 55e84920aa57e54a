// Batch for batch, the authority in memory answers what the script in Redis answers.
import { createClient } from "@redis/client";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RedisServer, startRedis } from "../../../../scripts/services/redis.mjs";
import { untilConnected } from "../../../../test/support/lease-hosts.ts";
import { Secret } from "../../../core/secret.ts";
import { RedisAuthority } from "../redis/redis-authority.ts";
import type { CallNeed, LeaseAnswer, LeaseAsk, LeaseBatch, SlotUnits } from "./lease-authority.ts";
import { MemoryLeaseAuthority } from "./memory-lease-authority.ts";
import { minuteWindow, secondWindow } from "./window-lease.ts";

let server: RedisServer;
let redis: RedisAuthority;
/** To empty the server with: one that is started anew each time would let go of its port each time. */
let cleaner: ReturnType<typeof createClient>;
let nowMs = 1_000_000;
beforeAll(async () => {
  server = await startRedis();
  cleaner = createClient({ url: server.url });
  await cleaner.connect();
});
afterAll(async () => {
  await redis.close();
  cleaner.destroy();
  await server.destroy();
});

interface Step {
  process: number;
  afterMs: number;
  isHeartbeat: boolean;
  hasCaughtUp: boolean;
  asks: {
    key: number;
    limit: number;
    own: number;
    want: number;
    isLook: boolean;
    units: number;
    opens: boolean;
    ledger: number;
  }[];
  calls: { ask: number; amount: number; isGuess: boolean }[][];
  reconciles: boolean;
}

const small = fc.nat(30);
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    process: fc.nat(2),
    afterMs: fc.oneof(fc.nat(20), fc.nat(1500), fc.nat(20_000), fc.nat(150_000)),
    isHeartbeat: fc.boolean(),
    hasCaughtUp: fc.boolean(),
    asks: fc.uniqueArray(
      fc.record({
        key: fc.nat(5),
        limit: fc.integer({ min: 1, max: 60 }),
        own: small,
        want: small,
        isLook: fc.boolean(),
        units: small,
        opens: fc.boolean(),
        ledger: small,
      }),
      { selector: ({ key }) => key, maxLength: 5 },
    ),
    calls: fc.array(
      fc.array(fc.record({ ask: fc.nat(4), amount: fc.nat(20), isGuess: fc.boolean() }), { minLength: 1, maxLength: 3 }),
      { maxLength: 4 },
    ),
    reconciles: fc.boolean(),
  }),
  { minLength: 5, maxLength: 60 },
);

const touched = new Map<string, { atMs: number; name: string }>();

/** Of holdings that nobody has repeated for so long: they expire in Redis's own time, which is not the test's. */
function freshKey(key: string): string {
  const known = touched.get(key);
  const isFresh = known !== undefined && nowMs - known.atMs < 50_000;
  const name = isFresh ? known.name : `${key} ${nowMs}`;
  touched.set(key, { atMs: isFresh ? known.atMs : nowMs, name });
  return name;
}

/** What a process of the test remembers of the answers: the rest of what it says is made up. */
class Talker {
  readonly processId: string;
  sequence = 0;
  incarnation = { redis: "", memory: "" };
  spokeAtMs = 0;
  granted: SlotUnits[] = [];
  readonly spent = new Map<string, number>();
  readonly generations = new Map<string, { generation: string; version: number; isQuiet: boolean; atMs: number }>();

  constructor(processId: string) {
    this.processId = processId;
  }

  batch(asks: readonly LeaseAsk[], calls: LeaseBatch["calls"], hasCaughtUp: boolean | null): LeaseBatch {
    const elapsedMs = this.sequence === 0 ? null : nowMs - this.spokeAtMs;
    this.spokeAtMs = nowMs;
    const acknowledged = this.sequence++;
    return {
      processId: this.processId,
      sequence: this.sequence,
      acknowledged,
      elapsedMs,
      incarnation: "",
      processes: 3,
      hasCaughtUp,
      deadlineMs: 10,
      wasAway: false,
      isObserver: false,
      asks,
      calls,
    };
  }

  ask({ key, limit, own, want, isLook, units, opens, ledger }: Step["asks"][number], reconciles: boolean): LeaseAsk {
    if (key < 2) {
      const kind = key === 0 ? secondWindow : minuteWindow;
      const back = units % 3 === 0 ? this.granted.splice(0, 2) : [];
      const booked: [number, number][] = units % 4 === 1 ? [[units * 100, units]] : [];
      return { kind: "window", key: `w${key}`, ...kind, limit, own, want, givenBack: back, booked };
    }
    if (key < 4)
      return {
        kind: "concurrency",
        key: freshKey(`c${key}`),
        limit,
        used: Math.min(own, limit),
        want: isLook ? 0 : want,
        isLook,
      };
    const name = `b${key}`;
    const known = this.generations.get(name);
    const spent = (this.spent.get(name) ?? 0) + units;
    if (!isLook) this.spent.set(name, spent);
    return {
      kind: "budget",
      key: name,
      limit: limit * 20,
      generation: known?.generation ?? "",
      isReported: known !== undefined,
      spent,
      reserved: own,
      want: isLook ? 0 : want,
      opens: opens ? { ledger, generation: `g${this.processId}${this.sequence}` } : null,
      reconciles:
        reconciles && known !== undefined && !isLook
          ? { ledger: ledger * 10, version: known.version, isQuiet: known.isQuiet, markedAt: known.atMs }
          : null,
      isLook,
    };
  }

  heard(asks: readonly LeaseAsk[], answer: LeaseAnswer): void {
    if (answer.kind !== "done") return;
    for (const [index, grant] of answer.grants.entries()) {
      const ask = asks[index] as LeaseAsk;
      if (grant.kind === "window" && grant.slice > 0) this.granted.push([grant.sliceSlot, Math.ceil(grant.slice / 2)]);
      if (grant.kind !== "budget" || ask.kind !== "budget" || ask.isLook) continue;
      const { generation, version, isQuiet } = grant;
      if (grant.isKnown) this.generations.set(ask.key, { generation, version, isQuiet, atMs: answer.atMs });
      else this.generations.delete(ask.key);
    }
  }
}

/** But for what is not said of an account that is not known, and for random names. */
function comparable(answer: LeaseAnswer): object {
  if (answer.kind !== "done") return { ...answer, incarnation: "" };
  const grants = answer.grants.map((grant) => (grant.kind === "budget" && !grant.isKnown ? { isKnown: false } : grant));
  return { ...answer, grants };
}

/** Both answer alike. */
async function askBoth(talker: Talker, memory: MemoryLeaseAuthority, batch: LeaseBatch): Promise<LeaseAnswer> {
  const ofRedis = await redis.refill({ ...batch, incarnation: talker.incarnation.redis });
  const ofMemory = await memory.refill({ ...batch, incarnation: talker.incarnation.memory });
  expect(comparable(ofMemory)).toEqual(comparable(ofRedis));
  if (ofRedis.kind === "unknown") talker.incarnation.redis = ofRedis.incarnation;
  if (ofMemory.kind === "unknown") talker.incarnation.memory = ofMemory.incarnation;
  return ofMemory;
}

async function run(all: readonly Step[]): Promise<number> {
  await redis?.close();
  await cleaner.flushAll();
  await cleaner.scriptFlush();
  redis = new RedisAuthority({ url: new Secret(server.url), timeMs: () => nowMs, timeoutMs: () => 5000 });
  await untilConnected(redis);
  nowMs = 1_000_000;
  touched.clear();
  const memory = new MemoryLeaseAuthority({ monotonicMs: () => nowMs });
  const talkers = ["p1", "p2", "p3"].map((id) => new Talker(id));
  for (const talker of [...talkers, ...talkers]) await askBoth(talker, memory, talker.batch([], [], true));
  let granted = 0;
  for (const step of all) {
    nowMs += step.afterMs;
    const talker = talkers[step.process] as Talker;
    // One that was silent for longer would be a stranger: Redis does not believe a stranger how much time has passed.
    for (const other of talkers) if (nowMs - other.spokeAtMs > 700_000) await askBoth(other, memory, other.batch([], [], null));
    const asks = step.asks.map((each) => talker.ask(each, step.reconciles));
    const calls = step.calls.map((needs) => needsOf(needs, asks)).filter((needs) => needs.length > 0);
    const answer = await askBoth(talker, memory, talker.batch(asks, calls, step.isHeartbeat ? step.hasCaughtUp : null));
    talker.heard(asks, answer);
    if (answer.kind === "done") granted += answer.calls.filter((call) => call.granted).length;
  }
  return granted;
}

/** No call needs one ask twice, or one that it only looks at. */
function needsOf(needs: Step["calls"][number], asks: readonly LeaseAsk[]): CallNeed[] {
  const taken = new Map<number, CallNeed>();
  for (const { ask, amount, isGuess } of needs) {
    const asked = asks[ask];
    if (asked === undefined || (asked.kind !== "window" && asked.isLook)) continue;
    const isCall = asked.kind === "concurrency";
    taken.set(ask, { ask, amount: isCall ? 1 : amount, isGuess: isCall ? false : isGuess });
  }
  return [...taken.values()];
}

const seed = Number(process.env.HEADGATE_TEST_SEED ?? 20_261_122);

test("any batches of three processes, in any order, over seconds and minutes", async () => {
  let granted = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      granted += await run(all);
    }),
    { numRuns: 40, seed, endOnFailure: true },
  );
  expect(granted).toBeGreaterThan(100);
}, 180_000);
