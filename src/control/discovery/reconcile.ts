// Compares what a provider lists with the deployments that are known, and plans what to change. Pure.
import { type GuardState, guard } from "./guard.ts";
import { type Aliases, nameConflicts, publicNameOf } from "./name-conflicts.ts";
import { isDeselected, notListed, notSelected, notSelectedAndMissing, type Selection, selectionTest } from "./selection.ts";

export const outcomes = ["added", "returned", "offline", "conflict", "skipped", "unchanged"] as const;
export type Outcome = (typeof outcomes)[number];

/** A deployment as it is before the run. */
export interface KnownDeployment {
  id: string;
  upstreamModel: string;
  /** Its public name; null once removed. */
  name: string | null;
  source: "discovered" | "static";
  status: "active" | "offline" | "disabled";
  reason: string | null;
  /** Removed by an administrator. */
  removed: boolean;
}

export interface ReconcileInput {
  selection: Selection;
  aliases: Aliases;
  deployments: readonly KnownDeployment[];
  /** Names of virtual models. */
  reservedNames: ReadonlySet<string>;
  /** The ids that the provider lists, each once. */
  listed: readonly string[];
  /** Listed ids that can't be model names. */
  rejected: readonly string[];
  guard: GuardState;
  /** An administrator says that a guarded loss is real. */
  confirm: boolean;
}

export interface ModelOutcome {
  /** The upstream id. */
  id: string;
  outcome: Outcome;
  detail: string | null;
}

export interface StatusChange {
  deploymentId: string;
  status: "active" | "offline" | "disabled";
  reason: string | null;
}

export interface Plan {
  status: "ok" | "guarded";
  outcomes: ModelOutcome[];
  /** How many outcomes of each kind. */
  counts: Record<Outcome, number>;
  additions: { upstreamModel: string; name: string }[];
  changes: StatusChange[];
  guard: GuardState;
}

/** Detail of a model that only the guard keeps active. */
export const keptByGuard =
  "not in the provider's list; stays active until confirmed, or until a third run in a row finds the same";
const notOffered = "pinned, but not in the provider's list";
const available = "available, not selected";
const removed = "removed by an administrator";
const staticModel = "static: discovery leaves it alone";

/**
 * Plans a run. New models are always added; models that are gone go offline unless the guard holds; what a person
 * decided (static, removed, disabled deployments) stays. Applied and run again with the same list, it changes nothing,
 * but for losses that the guard then believes.
 */
export function reconcile(input: ReconcileInput): Plan {
  const isSelected = selectionTest(input.selection);
  const listed = new Set(input.listed);
  const known = new Map(input.deployments.map((deployment) => [deployment.upstreamModel, deployment]));
  const wanted = input.deployments.filter((deployment) => isDiscovered(deployment) && isSelected(deployment.upstreamModel));
  const missing = wanted
    .filter((deployment) => deployment.status !== "disabled" || isDeselected(deployment))
    .filter(({ upstreamModel }) => !listed.has(upstreamModel));
  const guarded = guard({
    listedCount: listed.size,
    activeCount: wanted.filter(({ status }) => status === "active").length,
    missingActiveCount: missing.filter(({ status }) => status === "active").length,
    missing: missing.map(({ upstreamModel }) => upstreamModel),
    state: input.guard,
    confirm: input.confirm,
  });

  const plan: Plan = {
    status: guarded.holds ? "guarded" : "ok",
    outcomes: [],
    counts: { added: 0, returned: 0, offline: 0, conflict: 0, skipped: 0, unchanged: 0 },
    additions: [],
    changes: [],
    guard: guarded.state,
  };
  const report = (id: string, outcome: Outcome, detail: string | null = null) => {
    plan.outcomes.push({ id, outcome, detail });
    plan.counts[outcome]++;
  };

  const conflicts = conflictsOfAdditions(input, known, listed, isSelected);
  for (const id of listed) {
    const deployment = known.get(id);
    if (deployment !== undefined) {
      judgeListed(deployment, isSelected(id), plan, report);
    } else if (!isSelected(id)) {
      report(id, "skipped", available);
    } else if (conflicts.has(id)) {
      report(id, "conflict", conflicts.get(id));
    } else {
      const name = publicNameOf(id, input.aliases);
      plan.additions.push({ upstreamModel: id, name });
      report(id, "added", name === id ? null : `as '${name}'`);
    }
  }
  for (const deployment of input.deployments) {
    if (listed.has(deployment.upstreamModel) || deployment.removed) continue;
    judgeMissing(deployment, isSelected(deployment.upstreamModel), guarded.holds, plan, report);
  }
  if (input.selection !== "all") {
    for (const id of new Set(input.selection)) if (!listed.has(id) && !known.has(id)) report(id, "skipped", notOffered);
  }
  for (const id of input.rejected) report(id, "skipped", "the id can't be a model's name");
  return plan;
}

type Report = (id: string, outcome: Outcome, detail?: string | null) => void;

function isDiscovered({ source, removed }: KnownDeployment): boolean {
  return source === "discovered" && !removed;
}

/** New models that can't have their names, with the reasons. Deployments that exist keep theirs. */
function conflictsOfAdditions(
  { aliases, deployments, reservedNames }: ReconcileInput,
  known: ReadonlyMap<string, KnownDeployment>,
  listed: ReadonlySet<string>,
  isSelected: (id: string) => boolean,
): Map<string, string> {
  const taken = new Map<string, string>();
  for (const { name, upstreamModel, removed } of deployments) if (name !== null && !removed) taken.set(name, upstreamModel);
  const claims = [...listed]
    .filter((id) => !known.has(id) && isSelected(id))
    .map((model) => ({ model, name: publicNameOf(model, aliases) }));
  return new Map(nameConflicts(claims, reservedNames, taken).map(({ model, reason }) => [model, reason]));
}

function judgeListed(deployment: KnownDeployment, selected: boolean, plan: Plan, report: Report): void {
  const { id: deploymentId, upstreamModel: id, status, reason } = deployment;
  if (deployment.removed) return report(id, "skipped", removed);
  if (deployment.source === "static") return report(id, "skipped", staticModel);
  if (!selected) {
    const settled = status === "disabled" && reason !== notSelectedAndMissing;
    if (!settled) plan.changes.push({ deploymentId, status: "disabled", reason: notSelected });
    return report(id, "skipped", available);
  }
  if (status === "offline" || isDeselected(deployment)) {
    plan.changes.push({ deploymentId, status: "active", reason: null });
    return report(id, "returned");
  }
  report(id, "unchanged", status === "disabled" ? "disabled" : null);
}

function judgeMissing(deployment: KnownDeployment, selected: boolean, held: boolean, plan: Plan, report: Report): void {
  const { id: deploymentId, upstreamModel: id, status, reason } = deployment;
  if (deployment.source === "static") return report(id, "skipped", staticModel);
  if (!selected) {
    const seen = held ? notSelected : notSelectedAndMissing;
    const settled = status === "disabled" && (held || reason !== notSelected);
    if (!settled) plan.changes.push({ deploymentId, status: "disabled", reason: seen });
    return report(id, "unchanged", seen);
  }
  if (status === "disabled" && !isDeselected(deployment)) return report(id, "unchanged", "disabled");
  if (status === "offline") return report(id, "unchanged", notListed);
  if (held) return report(id, "unchanged", keptByGuard);
  plan.changes.push({ deploymentId, status: "offline", reason: notListed });
  report(id, "offline", notListed);
}
