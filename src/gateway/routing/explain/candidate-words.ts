// Why a target would get a call now, or would not, in words for an administrator.
import type { Contender, Step } from "./next-step.ts";

/** Of an active target; `step`: the call's first. */
export function candidateWords(contender: Contender, step: Step, mayRetry: boolean, nowMs: number): string {
  const { load } = contender;
  const isChosen = step.likeliest === contender;
  const health = healthWords(contender, nowMs);
  const allTheSame = (reason: string) => `${health}; used all the same: ${reason}`;
  if (step.kind === "only") return health === "ready" ? "the only active target" : allTheSame("it is the only active target");
  if (step.kind === "resting") return isChosen ? allTheSame("all rest, and it is the first to be back") : health;
  switch (load.availability(nowMs)) {
    case "ready":
      return readyWords(contender, step);
    case "resting":
      return health;
    case "benched":
      if (step.kind !== "last-standing") return health;
      if (step.standings.has(contender)) return allTheSame("the others are out too");
      return `${health}; others that are out too go first`;
    case "trial":
      return isChosen ? `${health}; this call would be the trial` : `${health}; ${trialWords(step, mayRetry)}`;
  }
}

function healthWords({ load }: Contender, nowMs: number): string {
  const availability = load.availability(nowMs);
  if (availability === "ready") return "ready";
  const { status, cause } = load.view(nowMs);
  if (availability === "trial") return `due for a trial: ${cause}`;
  const until = new Date(Math.round(load.untilMs)).toISOString();
  if (availability === "resting") return `resting until ${until}: ${cause}`;
  // A trial under way keeps others away as a bench does.
  return status === "trial" ? `in a trial, until ${until} at most: ${cause}` : `benched until ${until}: ${cause}`;
}

function readyWords(contender: Contender, step: Step): string {
  if (step.standings.has(contender)) return step.kind === "trial" ? "ready; the trial of another target goes first" : "ready";
  const [first] = step.standings.keys();
  const { weight, priority } = contender.target.deployment;
  const before = first?.target.deployment;
  if (weight === 0 && before?.weight !== 0) return "ready, but of weight 0: only when no other can take the call";
  return `ready, but priority ${before?.priority} goes before ${priority}`;
}

function trialWords(step: Step, mayRetry: boolean): string {
  if (step.kind === "trial") return "the trial of another target goes first";
  return mayRetry ? "targets of an earlier priority can take the call" : "left to calls that may be tried elsewhere";
}
