// Which deployment gets the next attempt of one call, and whether there may be another.
import { defaultMaxAttempts } from "../../domain/pool.ts";
import type { DeploymentState } from "../health/deployment-state.ts";
import { eligible } from "../health/eligible.ts";
import { noneActive } from "../model-errors.ts";
import type { ModelRoute, Target } from "../snapshot.ts";
import type { ModelState } from "./model-state.ts";
import type { RoutingState } from "./routing-state.ts";
import { strategyOf } from "./strategy-of.ts";

/** A deployment that was chosen for an attempt. */
export interface Aim {
  target: Target;
  state: DeploymentState;
  /** In words, for the ledger. */
  why: string;
}

export interface TriesOptions {
  /** What keeps calls together under `affinity`. */
  session: () => string | null;
  /** False: one attempt, whatever it says. */
  mayRetry: boolean;
  /** No attempt begins after this. */
  endsAtMs: number;
}

interface TargetWithState {
  target: Target;
  load: DeploymentState;
}

/** The attempts of one call to a model. */
export class Tries {
  readonly model: ModelState;
  readonly #routing: RoutingState;
  readonly #route: ModelRoute;
  readonly #options: TriesOptions;
  readonly #attemptsMax: number;
  /** Active targets that this call has not tried. */
  #untried: TargetWithState[] = [];
  #attempts = 0;

  constructor(routing: RoutingState, route: ModelRoute, options: TriesOptions) {
    this.#routing = routing;
    this.#route = route;
    this.#options = options;
    this.model = routing.models.of(route.model.id);
    this.#attemptsMax = options.mayRetry ? (route.model.maxAttempts ?? defaultMaxAttempts) : 1;
  }

  /** The target of the first attempt: there always is one while any deployment is active. Throws 503 as `noneActive` says. */
  first(nowMs: number): Aim {
    const { active } = this.#route;
    this.model.retries.requestSeen(nowMs);
    this.model.hedges.requestSeen(nowMs);
    this.#attempts = 1;
    const [only] = active;
    if (only === undefined) throw noneActive(this.#route);
    if (active.length === 1) return { target: only, state: this.#stateOf(only), why: "only active target" };
    this.#untried = active.map((target) => ({ target, load: this.#stateOf(target) }));
    const aim = this.#choose(nowMs, true);
    // All of them rest: the one whose rest ends first is asked rather than the caller refused. What it says is the truth.
    return aim ?? this.#take(this.#soonestReady(), "all targets rest: the first to be back");
  }

  /** The target of another attempt after one that failed; null when there is none, or may be none. Counts against the model's budget. */
  next(nowMs: number): Aim | null {
    if (this.#attempts >= this.#attemptsMax || nowMs >= this.#options.endsAtMs) return null;
    const aim = this.#choose(nowMs, false);
    if (aim === null) return null;
    if (!this.model.retries.tryTake(nowMs)) return null;
    this.#attempts += 1;
    return aim;
  }

  /** When a second attempt may start beside a first that has not answered, ms after its start; null: never. */
  hedgeDelayMs(nowMs: number): number | null {
    const { hedge } = this.#route.model;
    if (hedge === null || this.#untried.length === 0 || this.#attemptsMax < 2) return null;
    return this.model.hedges.delayMs(hedge, this.model.firstBytes.p95Ms(nowMs));
  }

  /** The target of that second attempt; null when the model has had its share of them, or no target is ready. */
  hedge(nowMs: number): Aim | null {
    const { hedge } = this.#route.model;
    if (hedge === null || this.#attempts >= this.#attemptsMax) return null;
    const ready = this.#untried.filter(({ load }) => load.availability(nowMs) === "ready");
    if (ready.length === 0 || !this.model.hedges.tryTake(hedge, nowMs)) return null;
    this.#attempts += 1;
    const { candidate } = strategyOf(this.#route.model.strategy)(ready, this.#context(nowMs));
    return this.#take(candidate as TargetWithState, "hedge: the first attempt is slow to answer");
  }

  #choose(nowMs: number, isFirst: boolean): Aim | null {
    const { mayRetry } = this.#options;
    const choice = eligible(this.#untried, { nowMs, isFirst, mayRetry: mayRetry && this.#attemptsMax > 1 });
    if (choice.kind === "none" || choice.kind === "all-resting") return null;
    if (choice.kind === "trial") return this.#take(choice.candidate, "trial: it was benched, and is due to be tried again");
    const isLast = choice.kind === "last-standing";
    const { candidate, why } = strategyOf(this.#route.model.strategy)(
      isLast ? choice.benched : choice.ready,
      this.#context(nowMs),
    );
    return this.#take(candidate as TargetWithState, isLast ? `all targets are benched; ${why}` : why);
  }

  #context(nowMs: number) {
    return { nowMs, random: this.#routing.random, session: this.#options.session };
  }

  #take(chosen: TargetWithState, why: string): Aim {
    this.#untried = this.#untried.filter((one) => one !== chosen);
    return { target: chosen.target, state: chosen.load, why };
  }

  #soonestReady(): TargetWithState {
    return this.#untried.reduce((soonest, one) => (one.load.untilMs < soonest.load.untilMs ? one : soonest));
  }

  #stateOf(target: Target): DeploymentState {
    return this.#routing.health.of(target.deployment.id);
  }
}
