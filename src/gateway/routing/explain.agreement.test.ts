// What explain says is what Tries does, for pools in any state; and having said it changes nothing.
import { expect, test } from "vitest";
import { between, seededRandom } from "../../../test/support/random.ts";
import { type Strategy, strategies } from "../../domain/pool.ts";
import { ExplainedPool, nowMs } from "./fixtures/explained-pool.ts";
import { Tries } from "./tries.ts";

const seeds = Array.from({ length: 80 }, (_, index) => index + 1);
const draws = 400;

/** Up to five deployments, each in a state of its own, with what lies between: loads, latencies, benches, rests, trials. */
function anyPool(
  seed: number,
  names: readonly Strategy[] = strategies,
): { pool: ExplainedPool; session: string | null; mayRetry: boolean } {
  const random = seededRandom(seed);
  const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const targets = Array.from({ length: 1 + Math.floor(random() * 5) }, (_, index) => ({
    id: `dep_${index}`,
    weight: oneOf([0, 1, 1, 3]),
    priority: oneOf([0, 0, 1]),
    status: oneOf(["active", "active", "active", "offline"] as const),
  }));
  const strategy = oneOf(names);
  const pool = new ExplainedPool({ targets, strategy, maxAttempts: oneOf([null, 1, 2]), random });
  for (const { id } of targets) {
    const kind = oneOf(["unknown", "ready", "ready", "benched", "trial", "tried", "resting"] as const);
    if (kind === "ready") pool.answered(id, between(random, 1, 2000));
    if (kind === "benched") pool.bench(id, nowMs - oneOf([0, 1000]));
    if (kind === "trial" || kind === "tried") pool.bench(id, nowMs - oneOf([7000, 20_000]));
    if (kind === "tried") pool.state(id).begin(nowMs);
    if (kind === "resting") pool.rest(id, between(random, 1, 60_000));
    const busy = oneOf([0, 0, 1, 4]);
    if (kind !== "unknown" && kind !== "trial") for (let time = 0; time < busy; time++) pool.state(id).begin(nowMs);
  }
  return { pool, session: oneOf([null, "alice", "bob"]), mayRetry: random() < 0.7 };
}

function triesOf(pool: ExplainedPool, session: string | null, mayRetry: boolean): Tries {
  const route = pool.snapshot.model("m");
  if (route === undefined) throw new Error("there is no such model");
  return new Tries(pool.routing, route, { session: () => session, mayRetry, endsAtMs: nowMs + 1 });
}

/** All that can be seen of what routing remembers. */
function remembered({ routing, drawn, transitions }: ExplainedPool): unknown {
  const model = routing.models.find("mdl_1");
  const states = [...routing.health.all()].map((state) => ({
    id: state.deploymentId,
    ...state.view(nowMs),
    expectedMs: state.expectedMs(nowMs),
    availability: state.availability(nowMs),
    until: state.untilMs,
  }));
  return { drawn, transitions, models: routing.models.size, left: model?.retries.left(nowMs) ?? null, states };
}

test.each(seeds)("the first attempt goes where it is said to go, as often as it is said (seed %i)", (seed) => {
  const { pool, session, mayRetry } = anyPool(seed);
  const { routing, decision } = pool.explain({ session, noFallback: !mayRetry });
  if (decision.outcome !== "attempt" || routing === null) {
    expect(() => triesOf(pool, session, mayRetry).first(nowMs)).toThrow(expect.objectContaining({ code: "model_offline" }));
    expect(decision).toMatchObject({ outcome: "error", code: "model_offline" });
    return;
  }
  const counts = new Map<string, number>();
  const whys = new Set<string>();
  for (let draw = 0; draw < draws; draw++) {
    const { target, why } = triesOf(pool, session, mayRetry).first(nowMs);
    counts.set(target.deployment.id, (counts.get(target.deployment.id) ?? 0) + 1);
    whys.add(why);
  }
  let sum = 0;
  for (const { deploymentId, share, eligible } of routing.candidates) {
    const seen = (counts.get(deploymentId) ?? 0) / draws;
    // Four standard deviations of that many draws.
    expect(Math.abs(seen - share)).toBeLessThanOrEqual(4 * Math.sqrt((share * (1 - share)) / draws));
    if (share > 0) expect(eligible).toBe(true);
    sum += share;
  }
  expect(sum).toBeCloseTo(1, 9);
  expect(decision.candidate.share).toBe(Math.max(...routing.candidates.map(({ share }) => share)));
  if (decision.candidate.share === 1) expect([...whys]).toEqual([decision.why]);
});

test.each(seeds)("where chance decides nothing, attempts follow each other in the order that is said (seed %i)", (seed) => {
  const { pool, mayRetry } = anyPool(seed, ["priority", "affinity"]);
  const said = pool
    .routingOf({ session: "carol", noFallback: !mayRetry })
    .candidates.filter(({ order }) => order !== null)
    .toSorted((a, b) => (a.order ?? 0) - (b.order ?? 0))
    .map(({ deploymentId }) => deploymentId);
  const tries = triesOf(pool, "carol", mayRetry);
  if (pool.snapshot.model("m")?.active.length === 0) return expect(said).toEqual([]);
  const made = [tries.first(nowMs).target.deployment.id];
  for (let next = tries.next(nowMs); next !== null; next = tries.next(nowMs)) made.push(next.target.deployment.id);
  expect(said).toEqual(made);
});

test.each(seeds)("explaining changes nothing that routing knows (seed %i)", (seed) => {
  const { pool, session } = anyPool(seed);
  const before = remembered(pool);
  const first = pool.explain({ session });
  expect(remembered(pool)).toEqual(before);
  expect(pool.explain({ session })).toEqual(first);
});
