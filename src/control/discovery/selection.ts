// Which of an endpoint's models are wanted: all that the provider lists, or a pinned list.

export type Selection = "all" | readonly string[];

/** Reason of a deployment that is disabled because its model is not pinned; the second: and it was missing at the provider, too. */
export const notSelected = "not selected";
export const notSelectedAndMissing = "not selected, not in the provider's list";
/** Reason of a deployment that discovery took offline. */
export const notListed = "not in the provider's list";

/** Whether the selection, not a person, disabled the deployment: only then may the selection enable it again. */
export function isDeselected({ status, reason }: { status: string; reason: string | null }): boolean {
  return status === "disabled" && (reason === notSelected || reason === notSelectedAndMissing);
}

/** A test for membership; build it once per use. */
export function selectionTest(selection: Selection): (id: string) => boolean {
  if (selection === "all") return () => true;
  const pinned = new Set(selection);
  return (id) => pinned.has(id);
}
