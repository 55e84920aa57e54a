// One round of an endpoint's probe: every question it takes, a few at a time.
import { askCompletion } from "./ask-completion.ts";
import { askModels } from "./ask-models.ts";
import type { ProbeOutcome } from "./probe-outcome.ts";
import type { ProbedEndpoint } from "./probed-endpoints.ts";
import type { Slots } from "./slots.ts";

/** Questions to one endpoint at once, so that a big one that hangs does not take all slots. */
const atOnceMax = 4;

export interface RoundOptions {
  /** The endpoint has given a list of models before. */
  hasListed: boolean;
  slots: Slots;
  /** Ends the round: nothing more is asked or told. */
  signal: AbortSignal;
  /** Takes what came of a question, and must not throw; `deploymentId` null: it is about all of the endpoint's deployments. */
  tell(deploymentId: string | null, outcome: ProbeOutcome): void;
}

/** Asks what the endpoint's probe says; resolves when everything has been told. */
export async function probeRound({ endpoint, probe, deployments }: ProbedEndpoint, options: RoundOptions): Promise<void> {
  const { hasListed, slots, signal, tell } = options;
  const limits = { timeoutMs: probe.timeoutMs, signal };
  async function ask(deploymentId: string | null, question: () => Promise<ProbeOutcome>): Promise<void> {
    const outcome = await slots.run(async () => (signal.aborted ? null : question()));
    if (outcome !== null && !signal.aborted) tell(deploymentId, outcome);
  }
  if (probe.kind === "models") return ask(null, () => askModels(endpoint, hasListed, limits));
  const left = deployments.entries();
  const askInTurn = async () => {
    for (const [id, upstreamModel] of left) await ask(id, () => askCompletion(endpoint, upstreamModel, limits));
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, deployments.size) }, askInTurn));
}
