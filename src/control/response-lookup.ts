// Answers the data plane's question who made a response, from the table that the ledger's records fill.
import type { ResponseOwner } from "../domain/response-owner.ts";
import { type Storage, StorageUnavailable } from "../storage/port.ts";

export interface ResponseLookupOptions {
  /** Null while there is no database. */
  storage: () => Storage | null;
  /** Whether all that earlier processes recorded is in the database. */
  hasCaughtUp: () => boolean;
}

/** The gateway's ResponseSource; rejects with StorageUnavailable when it can't be told. */
export class ResponseLookup {
  readonly #options: ResponseLookupOptions;

  constructor(options: ResponseLookupOptions) {
    this.#options = options;
  }

  async find(id: string): Promise<ResponseOwner | null> {
    // Before the question: what is taken in while it is answered counts as missing.
    const isComplete = this.#options.hasCaughtUp();
    const row = await this.#storage().responses.find(id);
    if (row === null) {
      // After a crash, the record of that very response may be in the spool still: "unknown" would be final to its maker.
      if (!isComplete) throw new StorageUnavailable("records of an earlier process are on their way to the database");
      return null;
    }
    return { deploymentId: row.deployment_id, endpointId: row.endpoint_id, model: row.model, owner: row.owner };
  }

  async forget(id: string): Promise<void> {
    await this.#storage().responses.delete(id);
  }

  #storage(): Storage {
    const storage = this.#options.storage();
    if (storage === null) throw new StorageUnavailable("there is no database yet");
    return storage;
  }
}
