// Time-ordered unique ids (UUIDv7, RFC 9562) with a prefix that says what they name.
import { UuidV7Source } from "./uuid-v7.ts";

export type IdPrefix =
  | "req"
  | "att"
  | "ep"
  | "mdl"
  | "dep"
  | "key"
  | "run"
  | "grp"
  | "usr"
  | "mft"
  | "ses"
  | "aud"
  | "exp"
  | "adj"
  | "bat"
  | "prc"
  | "p";

const uuids = new UuidV7Source();

/** A new id such as `req_0192f0c4…`; ids made later in one process sort later. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${uuids.next()}`;
}
