// Single values of the installation, and the version of its configuration.
import type { ConfigChange } from "../../domain/config-change.ts";

export interface MetaRepository {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  /** The version of the configuration: 0 in a new database. */
  configVersion(): Promise<number>;
  /**
   * Adds 1 to it and returns it; call it once in every transaction that changes what the snapshot shows. `what` is what all replicas then
   * read again, as soon as the transaction is committed; default: everything.
   */
  bumpConfigVersion(what?: ConfigChange): Promise<number>;
  /** What has changed since `version`, oldest first, and the version that this leads to. Null: that is not known any more, or too much. */
  changesSince(version: number): Promise<{ version: number; changes: ConfigChange[] } | null>;
  /** Sets a value that must not be there yet; false: it was. Of several at once one gets it, and the others wait for its transaction. */
  claim(key: string, value: string): Promise<boolean>;
  /** Whoever calls it for the same key waits until this transaction has ended. Returns the value; "" where there was none. */
  lock(key: string): Promise<string>;
}
