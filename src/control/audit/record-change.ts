// Writes one entry of the audit log: who changed what, and how; in the transaction of the change, so that neither is there alone.
import { isDeepStrictEqual } from "node:util";
import { newId } from "../../core/ids.ts";
import type { Repositories } from "../../storage/ports/storage.ts";
import type { Actor } from "../admin/authorize/actor.ts";
import { boundedJson } from "./bounded-json.ts";
import { withoutSecrets } from "./without-secrets.ts";

/** Headgate itself, or somebody at its command line. */
export interface SystemActor {
  kind: "system";
  /** `config`, `environment`, `manifest <name>`, `command line`, `first start` */
  name: string;
}

export interface Change {
  actor: Actor | SystemActor;
  /** Null: no request has asked for it. */
  requestId: string | null;
  /** `<resource>.<verb>`: `key.rotate`. */
  action: string;
  resource: { kind: string; id: string | null; name: string | null };
  /**
   * As the admin API shows it; null: it was not there, or is not any more. A secret may be given, under a name that says so
   * (`api_key`): whether it has changed is then in the log, it itself is not.
   */
  before: object | null;
  after: object | null;
  nowMs: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** They differ after every change, and the entry's own time says the same. */
const alwaysDifferent = new Set(["updated_at", "version"]);

/**
 * Adds `change` to the log, with those fields alone that differ (all, where one side is null). What a name says to be secret becomes
 * `[secret]`, on both sides where it has changed. Each side takes at most 16 KB; what is cut says so. Call it in the transaction of
 * the change.
 */
export async function recordChange(repositories: Repositories, change: Change): Promise<void> {
  const { actor, requestId, action, resource, nowMs } = change;
  const { before, after } = differences(fieldsOf(change.before), fieldsOf(change.after));
  await repositories.audit.insert({
    id: newId("aud"),
    at: nowMs,
    actor_kind: actor.kind,
    actor_id: actor.kind === "system" ? null : actor.id,
    actor_name: actor.name,
    address: actor.kind === "system" ? null : actor.address,
    request_id: requestId,
    action,
    resource_kind: resource.kind,
    resource_id: resource.id,
    resource_name: resource.name,
    before: before === null ? null : boundedJson(withoutSecrets(before)),
    after: after === null ? null : boundedJson(withoutSecrets(after)),
  });
}

/** As JSON has it: what can't be written is not compared either. */
function fieldsOf(shown: object | null): Fields | null {
  return shown === null ? null : (JSON.parse(JSON.stringify(shown)) as Fields);
}

function differences(before: Fields | null, after: Fields | null): { before: Fields | null; after: Fields | null } {
  if (before === null || after === null) return { before, after };
  const differs = (name: string) =>
    Object.hasOwn(before, name) !== Object.hasOwn(after, name) || !isDeepStrictEqual(before[name], after[name]);
  const pick = (fields: Fields) =>
    Object.fromEntries(Object.entries(fields).filter(([name]) => !alwaysDifferent.has(name) && differs(name)));
  return { before: pick(before), after: pick(after) };
}
