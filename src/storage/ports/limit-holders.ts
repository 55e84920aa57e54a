// All that has limits, whatever it is.
import type { OwnedBy } from "./owned-by.ts";

/** Somebody or something that has limits, as they are stored. */
export interface LimitHolder {
  id: string;
  name: string;
  limits: string | null;
}

/** All that have limits, in no order; names and the like contain `search`. */
export interface LimitHolderRepository {
  keys(filter: { ownedBy?: OwnedBy | undefined; search?: string | undefined }): Promise<LimitHolder[]>;
  users(filter: { ownedBy?: OwnedBy | undefined; search?: string | undefined }): Promise<LimitHolder[]>;
  groups(filter: { ids?: readonly string[] | undefined; search?: string | undefined }): Promise<LimitHolder[]>;
  models(filter: { search?: string | undefined }): Promise<LimitHolder[]>;
}
