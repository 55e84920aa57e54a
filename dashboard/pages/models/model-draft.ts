// A model's settings as they are typed, and what of them is sent.
import type { DeploymentBody, ModelBody } from "../../../src/api/models.ts";
import type { Strategy } from "../../../src/domain/pool.ts";
import { type TypedTimeouts, timeoutsPatch, typedTimeouts } from "../../components/timeout-fields.tsx";
import { limitsPatch, newLimits, type TypedLimits, typedLimits } from "../../components/typed-limits.ts";

/** A deployment in the list of a virtual model, or one of a pool. */
export interface TypedTarget {
  deploymentId: string;
  endpoint: string;
  model: string;
  weight: string;
  priority: string;
}

export interface ModelDraft {
  name: string;
  strategy: Strategy;
  targets: readonly TypedTarget[];
  maxAttempts: string;
  /** "" in both: the defaults. */
  hedge: { extraPercent: string; minDelay: string } | null;
  timeouts: TypedTimeouts;
  groups: readonly string[] | null;
  limits: TypedLimits;
}

export const emptyDraft: ModelDraft = {
  name: "",
  strategy: "balanced",
  targets: [],
  maxAttempts: "",
  hedge: null,
  timeouts: typedTimeouts({}),
  groups: null,
  limits: typedLimits(null),
};

export function draftOf(model: ModelBody): ModelDraft {
  return {
    name: model.name,
    strategy: model.strategy,
    targets: model.deployments.map(targetOf),
    maxAttempts: String(model.max_attempts ?? ""),
    hedge: model.hedge && { extraPercent: percentText(model.hedge.extra_traffic), minDelay: model.hedge.min_delay },
    timeouts: typedTimeouts(model.timeouts),
    groups: model.groups,
    limits: typedLimits(model.limits),
  };
}

function targetOf({ id, endpoint, upstream_model, weight, priority }: DeploymentBody): TypedTarget {
  return { deploymentId: id, endpoint, model: upstream_model, weight: String(weight), priority: String(priority) };
}

/** Without what binary fractions add: 0.07 × 100 is 7.000000000000001. */
const percentText = (part: number) => String(Number((part * 100).toPrecision(6)));
const numberOrNull = (text: string) => (text.trim() === "" ? null : Number(text));

function targetsBody(targets: readonly TypedTarget[]) {
  return targets.map(({ deploymentId, weight, priority }) => ({
    deployment_id: deploymentId,
    weight: numberOrNull(weight),
    priority: numberOrNull(priority),
  }));
}

function settingsBody(draft: ModelDraft) {
  const { strategy, maxAttempts, hedge, timeouts, groups } = draft;
  const extra = hedge === null ? null : numberOrNull(hedge.extraPercent);
  return {
    strategy,
    max_attempts: numberOrNull(maxAttempts),
    hedge: hedge && { extra_traffic: extra === null ? null : extra / 100, min_delay: hedge.minDelay.trim() || null },
    timeouts: timeoutsPatch(timeouts),
    groups,
  };
}

/** Of a new virtual model. */
export function newModelBody(draft: ModelDraft) {
  const { name, targets, limits } = draft;
  return { name, ...settingsBody(draft), targets: targetsBody(targets), limits: newLimits(limits) };
}

/** What differs from the model as it was read, as a merge patch; weights of a pool that were left alone go on following their endpoints. */
export function modelPatch(model: ModelBody, draft: ModelDraft) {
  const before = draftOf(model);
  const bodyOf = (of: ModelDraft) => ({
    ...(model.kind === "virtual" && { name: of.name }),
    ...settingsBody(of),
    targets: targetsBody(of.targets),
    limits: limitsPatch(of.limits),
  });
  const old: Record<string, unknown> = bodyOf(before);
  return Object.fromEntries(
    Object.entries(bodyOf(draft)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name])),
  );
}

/** Whether two readings of a model say the same of all that a form edits: their states may differ. */
export function isSameToEdit(a: ModelBody, b: ModelBody): boolean {
  return JSON.stringify(draftOf(a)) === JSON.stringify(draftOf(b));
}
