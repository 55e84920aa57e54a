// How a deployment is: a dot and a word, and for how many of a model's deployments it is so.
import type { DeploymentBody, HealthBody } from "../../../src/api/models.ts";

type State = HealthBody["status"] | "offline" | "disabled";

const dots: Record<State, string> = {
  healthy: "bg-good",
  unknown: "bg-line-strong",
  trial: "bg-warn",
  resting: "bg-warn",
  benched: "bg-bad",
  offline: "bg-bad",
  disabled: "bg-line-strong",
};

const words: Record<State, string> = {
  healthy: "healthy",
  unknown: "not called yet",
  trial: "on trial",
  resting: "resting",
  benched: "benched",
  offline: "offline",
  disabled: "disabled",
};

/** Its status where calls can't go to it at all, else what calls and probes have shown. */
export function stateOf({ status, health }: Pick<DeploymentBody, "status" | "health">): State {
  return status === "active" ? health.status : status;
}

export function HealthText({ state, text }: { state: State; text?: string }) {
  return (
    <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
      <span className={`size-2 flex-none rounded-full ${dots[state]}`} aria-hidden />
      {text ?? words[state]}
    </span>
  );
}

/** "2 healthy, 1 benched". */
export function HealthCounts({ deployments }: { deployments: readonly Pick<DeploymentBody, "status" | "health">[] }) {
  const counts = new Map<State, number>();
  for (const deployment of deployments) counts.set(stateOf(deployment), (counts.get(stateOf(deployment)) ?? 0) + 1);
  if (counts.size === 0) return <span className="text-muted">no targets</span>;
  return (
    <span className="flex flex-wrap gap-x-3 gap-y-0.5 max-md:justify-end">
      {[...counts].map(([state, number]) => (
        <HealthText key={state} state={state} text={`${number} ${words[state]}`} />
      ))}
    </span>
  );
}
