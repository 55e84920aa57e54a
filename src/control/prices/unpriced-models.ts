// How many models the data plane knows no price of, for the System page.
import type { ModelView } from "../../domain/snapshot.ts";

/** Those of which some deployment has none: calls of theirs may cost nobody knows what. */
export function countUnpriced(models: Iterable<{ model: Pick<ModelView, "deployments"> }>): number {
  let count = 0;
  for (const { model } of models) if (model.deployments.some(({ price }) => price === null)) count++;
  return count;
}
