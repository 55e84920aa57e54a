// Whether a caller may use a model, and which entry of which list says so.
import { HeadgateError } from "../../../core/errors.ts";
import type { Scope } from "../../../domain/api-key.ts";
import type { KeyView } from "../../../domain/snapshot.ts";
import { requireScope } from "../../authenticate.ts";
import { matchingPattern } from "../../model-matcher.ts";
import type { Snapshot } from "../../snapshot.ts";

export interface Access {
  allowed: boolean;
  why: string;
}

/** `key` null: a caller who may use every model. The answer is that of the key's `mayUse`. */
export function accessOf(snapshot: Snapshot, key: KeyView | null, model: string): Access {
  if (key === null) return { allowed: true, why: "asked without a key: as a caller who may use every model" };
  const group = snapshot.group(key.groupId);
  const groupName = `its group '${group?.name ?? key.groupId}'`;
  const groupPattern = matchingPattern(group?.models ?? [], model);
  const keyPattern = key.models === null ? null : matchingPattern(key.models, model);
  if (key.models !== null && keyPattern === null) return { allowed: false, why: `not among the models of the key '${key.name}'` };
  if (groupPattern === null) return { allowed: false, why: `not among the models of ${groupName}` };
  const byKey =
    keyPattern === null
      ? `the key '${key.name}' may use all models of its group`
      : `the key '${key.name}' allows it by '${keyPattern}'`;
  return { allowed: true, why: `${byKey}, and ${groupName} by '${groupPattern}'` };
}

/** What the key is refused with, whatever the model; null: it is good for this. */
export function keyProblem(key: KeyView, scope: Scope, nowMs: number): HeadgateError | null {
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return new HeadgateError("key_expired");
  try {
    requireScope({ key }, scope);
    return null;
  } catch (error) {
    return error as HeadgateError;
  }
}
