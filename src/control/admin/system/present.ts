// Who is asking, as the admin API shows it.
import type { z } from "zod";
import type { whoamiView } from "../../../api/system.ts";
import type { Scope } from "../../../domain/api-key.ts";
import type { KeyRow } from "../../../storage/port.ts";

/** Null: the token of HEADGATE_ADMIN_TOKEN, which has full administrator's rights and no row. */
export function presentWhoami(key: KeyRow | null): z.output<typeof whoamiView> {
  if (key === null) return { kind: "token", key_id: null, key_name: null, scopes: ["admin"] };
  return { kind: "token", key_id: key.id, key_name: key.name, scopes: JSON.parse(key.scopes) as Scope[] };
}
