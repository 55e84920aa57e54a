// What the next attempt of a call would be given to, as things stand: what Tries does, without drawing, counting or beginning.
import type { Strategy } from "../../../domain/pool.ts";
import type { DeploymentState } from "../../health/deployment-state.ts";
import { eligible } from "../../health/eligible.ts";
import type { Target } from "../../snapshot.ts";
import { standingsOf } from "../standings-of.ts";
import type { Standing } from "../strategy.ts";
import { strategyOf } from "../strategy-of.ts";

/** An active target, with a state that nothing is done to. */
export interface Contender {
  target: Target;
  load: DeploymentState;
}

export interface StepContext {
  strategy: Strategy;
  nowMs: number;
  session: () => string | null;
  isFirst: boolean;
  mayRetry: boolean;
}

export interface Step {
  /** only: there is no other. resting: all rest, and this one is the first to be back. */
  kind: "only" | "trial" | "strategy" | "last-standing" | "resting";
  /** The one that gets it; of those that are drawn among, the likeliest. */
  likeliest: Contender;
  /** How the ones stand among which the strategy chooses; of those also that would be chosen if no trial went first. */
  standings: ReadonlyMap<Contender, Standing>;
  /** The chance of `likeliest`, from 0 to 1. */
  share: number;
  why: string;
}

const noStandings: ReadonlyMap<Contender, Standing> = new Map();

/** `untried`: those that the call has not been given to. Null: there is nothing to call, or no further attempt. */
export function nextStep(untried: readonly Contender[], context: StepContext): Step | null {
  const { nowMs, isFirst } = context;
  const [only] = untried;
  if (only === undefined) return null;
  if (isFirst && untried.length === 1) return sure("only", only, noStandings, "only active target");
  const choice = eligible(untried, context);
  if (choice.kind === "ready") return byStrategy("strategy", choice.ready, context);
  if (choice.kind === "last-standing") return byStrategy("last-standing", choice.benched, context);
  if (choice.kind === "trial") {
    const ready = untried.filter(({ load }) => load.availability(nowMs) === "ready");
    const standings = ready.length === 0 ? noStandings : standingsOf(context.strategy, ready, context);
    return sure("trial", choice.candidate, standings, "trial: it was benched, and is due to be tried again");
  }
  if (choice.kind === "none" || !isFirst) return null;
  const soonest = untried.reduce((best, one) => (one.load.untilMs < best.load.untilMs ? one : best));
  return sure("resting", soonest, noStandings, "all targets rest: the first to be back");
}

function sure(kind: Step["kind"], likeliest: Contender, standings: Step["standings"], why: string): Step {
  return { kind, likeliest, standings, share: 1, why };
}

function byStrategy(kind: "strategy" | "last-standing", among: readonly Contender[], context: StepContext): Step {
  const standings = standingsOf(context.strategy, among, context);
  let likeliest = among[0] as Contender;
  let share = -1;
  for (const [contender, standing] of standings) {
    if (standing.share <= share) continue;
    likeliest = contender;
    share = standing.share;
  }
  const words = share < 1 ? oddsOf(share, standings.size, context) : strategyWords(among, context);
  return { kind, likeliest, standings, share, why: kind === "last-standing" ? `all targets are benched; ${words}` : words };
}

/** Where nothing is left to chance, what the ledger will say. */
function strategyWords(among: readonly Contender[], { strategy, nowMs, session }: StepContext): string {
  return strategyOf(strategy)(among, { nowMs, session, random: () => 0 }).why;
}

function oddsOf(share: number, count: number, { strategy, session }: StepContext): string {
  const name = strategy === "affinity" && session() === null ? "affinity: no session; balanced" : strategy;
  return `${name}: the likeliest of ${count}, with ${Math.round(share * 100)} % of such calls`;
}
