// Whose budgets there are in a snapshot, or in a change to one.
import type { Budget, Limits } from "../../domain/limits.ts";
import type { SnapshotContent, SnapshotPatch } from "../../domain/snapshot.ts";

export interface BudgetHolder {
  subject: string;
  budget: Budget;
}

type Limited = { id: string; limits: Limits | null };

export function budgetHolders(part: SnapshotContent | SnapshotPatch): BudgetHolder[] {
  const holders: BudgetHolder[] = [];
  const add = (kind: string, limited: readonly Limited[]) => {
    for (const { id, limits } of limited) {
      const budget = limits?.budget ?? null;
      if (budget !== null) holders.push({ subject: `${kind}:${id}`, budget });
    }
  };
  if ("part" in part) {
    if (part.part === "key") add("key", part.key === null ? [] : [part.key]);
    else if (part.part === "users") {
      add("user", part.users);
      add("group", part.groups ?? []);
    } else add("model", part.models);
    return holders;
  }
  add("key", part.keys);
  add("user", part.users);
  add("group", part.groups);
  add("model", part.models);
  return holders;
}
