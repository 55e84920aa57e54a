// Whether a caller may use a model, and which entry of which list says so.
import { HeadgateError } from "../../../core/errors.ts";
import type { Scope } from "../../../domain/api-key.ts";
import type { KeyView } from "../../../domain/snapshot.ts";
import { isAmong, type Principal } from "../../access.ts";
import { requireScope } from "../../authenticate.ts";
import { matchingPattern } from "../../model-matcher.ts";
import type { Snapshot } from "../../snapshot.ts";

export interface Access {
  allowed: boolean;
  why: string;
}

/** `principal` null: a caller who may use every model. Allowed is what `Snapshot.routeFor` gives, were the model there. */
export function accessOf(snapshot: Snapshot, principal: Principal | null, model: string): Access {
  if (principal === null) return { allowed: true, why: "asked without a caller: as one who may use every model" };
  const { key, groups } = principal;
  const keyPattern = key === null || key.models === null ? null : matchingPattern(key.models, model);
  if (key !== null && key.models !== null && keyPattern === null) return no(`not among the models of the key '${key.name}'`);
  const granting = groups
    .map(({ name, models }) => ({ name, pattern: matchingPattern(models, model) }))
    .find(({ pattern }) => pattern !== null);
  const names = groups.map(({ name }) => `'${name}'`).join(", ");
  if (granting === undefined) return no(`not among the models of the caller's groups (${names})`);
  const route = snapshot.model(model);
  if (route !== undefined && !isAmong(route.model.groups, principal)) {
    return no(`the model is for the groups ${listOf(route.model.groups)}, and the caller is in ${names}`);
  }
  if (route !== undefined && snapshot.routeFor(principal, model) === null) {
    return no(`all of its endpoints are for other groups than the caller's (${names})`);
  }
  const byGroup = `group '${granting.name}' by '${granting.pattern}'`;
  if (key === null) return { allowed: true, why: `granted by ${byGroup}` };
  const byKey =
    keyPattern === null
      ? `the key '${key.name}' may use all models of its groups`
      : `the key '${key.name}' allows it by '${keyPattern}'`;
  return { allowed: true, why: `${byKey}, and ${byGroup}` };
}

function no(why: string): Access {
  return { allowed: false, why };
}

function listOf(groups: readonly string[] | null): string {
  return (groups ?? []).map((group) => `'${group}'`).join(", ");
}

/** What the caller is refused with, whatever the model; null: nothing. */
export function callerProblem(principal: Principal, scope: Scope, nowMs: number): HeadgateError | null {
  const { key } = principal;
  if (key !== null && isOver(key, nowMs)) return new HeadgateError("key_expired");
  try {
    requireScope(principal, scope);
    return null;
  } catch (error) {
    return error as HeadgateError;
  }
}

function isOver({ expiresAtMs }: KeyView, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}
