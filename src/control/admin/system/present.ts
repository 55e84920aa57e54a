// Who is asking, as the admin API shows it.
import type { z } from "zod";
import type { whoamiView } from "../../../api/system.ts";
import type { Scope } from "../../../domain/api-key.ts";
import { permissionsOf } from "../../../domain/policy.ts";
import type { KeyRow } from "../../../storage/ports/keys.ts";
import type { Actor } from "../authorize/actor.ts";

/** `key` null: a session, or the token of HEADGATE_ADMIN_TOKEN, which has no row. */
export function presentWhoami(actor: Actor, key: KeyRow | null, csrfToken: string | null): z.output<typeof whoamiView> {
  const { kind, name, role, userId, sessionId } = actor;
  const ofKey = { key_id: key?.id ?? null, key_name: key?.name ?? null };
  return {
    kind: kind === "user" ? "user" : "token",
    ...ofKey,
    scopes: key === null ? (kind === "token" ? ["admin"] : []) : (JSON.parse(key.scopes) as Scope[]),
    user_id: userId,
    name,
    role,
    permissions: permissionsOf(role),
    session_id: sessionId,
    csrf_token: csrfToken,
  };
}
