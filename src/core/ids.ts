// Time-ordered unique ids (UUIDv7, RFC 9562) with a prefix that says what they name.
import { uuidv7obj } from "uuidv7";

export type IdPrefix = "req" | "att" | "ep" | "mdl" | "dep" | "key" | "run" | "grp" | "prc";

/** A new id such as `req_0192f0c4…`; ids made later in one process sort later. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuidv7obj().toHex()}`;
}
