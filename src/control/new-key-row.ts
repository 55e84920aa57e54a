// The row of a key that is made: by the admin API, the config file or the command line.
import { newId } from "../core/ids.ts";
import { digestApiKey, type Scope } from "../domain/api-key.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import type { KeyRow } from "../storage/ports/keys.ts";

export interface NewKey {
  name: string;
  /** The whole key; only its digest is kept. */
  key: string;
  /** What is shown of it. */
  prefix: string;
  scopes: readonly Scope[];
  origin: "admin" | "config" | "cli" | "start";
  nowMs: number;
}

/** Of group `everyone`, for all that it may use, without an end. */
export function newKeyRow({ name, key, prefix, scopes, origin, nowMs }: NewKey): KeyRow {
  return {
    id: newId("key"),
    name,
    prefix,
    digest: digestApiKey(key),
    previous_digest: null,
    previous_expires_at: null,
    user_id: null,
    group_id: everyoneGroupId,
    models: null,
    scopes: JSON.stringify(scopes),
    expires_at: null,
    limits: null,
    bodies: null,
    origin,
    created_at: nowMs,
    updated_at: nowMs,
    deleted_at: null,
    version: 1,
  };
}
