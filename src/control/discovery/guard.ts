// Keeps a provider's bad hour from taking models away: an empty list or a great loss has to be confirmed or seen three times.
import { createHash } from "node:crypto";

/** What earlier runs found, in a row: `signature` names the models that were missing. */
export interface GuardState {
  signature: string | null;
  count: number;
}

const smallestGuarded = 4;
const runsToBelieve = 3;

export interface GuardQuestion {
  listedCount: number;
  /** Deployments that discovery made and that are active. */
  activeCount: number;
  /** How many of them are not listed. */
  missingActiveCount: number;
  /** All wanted deployments that are not listed, those already offline included. */
  missing: readonly string[];
  state: GuardState;
  confirm: boolean;
}

/** Whether the missing models stay for now, and what to remember of it. */
export function guard(question: GuardQuestion): { holds: boolean; state: GuardState } {
  const { listedCount, activeCount, missingActiveCount, missing, state, confirm } = question;
  const greatLoss = activeCount >= smallestGuarded && missingActiveCount * 2 > activeCount;
  if (listedCount > 0 && !greatLoss) return { holds: false, state: { signature: null, count: 0 } };
  const signature = createHash("sha256")
    .update(JSON.stringify([...missing].sort()))
    .digest("hex");
  const seen = signature === state.signature ? state.count + 1 : 1;
  const believed = confirm || seen >= runsToBelieve;
  // What was believed once stays believed while it stays the same: an endpoint that is really empty is not guarded for ever.
  return { holds: !believed, state: { signature, count: believed ? runsToBelieve : seen } };
}
