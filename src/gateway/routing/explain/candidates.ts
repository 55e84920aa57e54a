// Every target of a model, with what speaks for and against giving it the call that is asked about.
import type { ExplainedCandidate } from "../../../domain/explanation.ts";
import { firstByteMsOf } from "../../../domain/timeouts.ts";
import { DeploymentState } from "../../health/deployment-state.ts";
import type { HealthRegistry } from "../../health/health-registry.ts";
import type { ModelRoute, Target } from "../../snapshot.ts";
import { candidateWords } from "./candidate-words.ts";
import { type Contender, nextStep, type Step, type StepContext } from "./next-step.ts";

export interface CandidatesContext extends Omit<StepContext, "isFirst" | "strategy"> {
  maxAttempts: number;
  isStream: boolean;
}

export interface Candidates {
  all: readonly ExplainedCandidate[];
  /** Null: no target is active. */
  first: { step: Step; candidate: ExplainedCandidate } | null;
  /** Others than the likeliest first that a second attempt beside it may go to. */
  readyBeside: number;
}

export function candidatesOf(route: ModelRoute, health: HealthRegistry, context: CandidatesContext): Candidates {
  const contenders = route.active.map((target) => ({ target, load: health.find(target.deployment.id) ?? unseen(target) }));
  const stepContext = { ...context, strategy: route.model.strategy };
  const first = nextStep(contenders, { ...stepContext, isFirst: true });
  const order = likelyOrder(contenders, first, stepContext, context.maxAttempts);
  let likeliest: ExplainedCandidate | null = null;
  const all = route.targets.map((target) => {
    const contender = contenders.find((one) => one.target === target);
    const at = contender === undefined ? -1 : order.indexOf(contender);
    const candidate: ExplainedCandidate = {
      ...fieldsOf(target, health, context),
      ...(contender === undefined || first === null ? inactive(target) : placeOf(contender, first, context)),
      order: at < 0 ? null : at + 1,
    };
    if (contender !== undefined && contender === first?.likeliest) likeliest = candidate;
    return candidate;
  });
  const ready = contenders.filter(({ load }) => load.availability(context.nowMs) === "ready");
  return {
    all,
    first: first === null || likeliest === null ? null : { step: first, candidate: likeliest },
    readyBeside: ready.filter((contender) => contender !== first?.likeliest).length,
  };
}

/** As nothing is known of it: it is not put into the registry. */
function unseen({ deployment }: Target): DeploymentState {
  return new DeploymentState(deployment.id, { random: () => 0.5, onTransition: () => {} });
}

function likelyOrder(
  contenders: readonly Contender[],
  first: Step | null,
  context: Omit<StepContext, "isFirst">,
  maxAttempts: number,
): Contender[] {
  const order: Contender[] = [];
  let step = first;
  while (step !== null && order.length < maxAttempts) {
    order.push(step.likeliest);
    const untried = contenders.filter((contender) => !order.includes(contender));
    step = nextStep(untried, { ...context, isFirst: false });
  }
  return order;
}

function fieldsOf({ deployment, endpoint, timeouts }: Target, health: HealthRegistry, context: CandidatesContext) {
  return {
    deploymentId: deployment.id,
    endpointId: endpoint.id,
    endpoint: endpoint.name,
    upstreamModel: deployment.upstreamModel,
    status: deployment.status,
    reason: deployment.reason,
    sinceMs: deployment.sinceMs,
    weight: deployment.weight,
    priority: deployment.priority,
    health: health.find(deployment.id)?.view(context.nowMs) ?? null,
    timeouts: { ...timeouts, firstByteMs: firstByteMsOf(timeouts, context.isStream) },
  };
}

function inactive({ deployment: { status, reason } }: Target) {
  return { eligible: false, why: reason === null ? status : `${status}: ${reason}`, score: null, share: 0 };
}

function placeOf(contender: Contender, step: Step, { mayRetry, nowMs }: CandidatesContext) {
  const isLikeliest = step.likeliest === contender;
  const standing = step.standings.get(contender) ?? null;
  const isDrawn = step.kind === "strategy" || step.kind === "last-standing";
  return {
    eligible: isLikeliest || standing !== null,
    why: candidateWords(contender, step, mayRetry, nowMs),
    score: standing?.score ?? null,
    share: isDrawn ? (standing?.share ?? 0) : isLikeliest ? 1 : 0,
  };
}
