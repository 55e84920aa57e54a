// Answers the data plane's question who made a response, from the table that the ledger's records fill.
import type { ResponseOwner } from "../domain/response-owner.ts";
import { StorageUnavailable } from "../storage/ports/errors.ts";
import type { ResponseRow } from "../storage/ports/responses.ts";
import type { Storage } from "../storage/ports/storage.ts";

export interface ResponseLookupOptions {
  /** Null while there is no database. */
  storage: () => Storage | null;
  /** Whether all that earlier processes recorded is in the database. */
  hasCaughtUp: () => boolean;
  /** Other replicas, whose records come to the database by themselves; default: there are none. */
  others?: () => {
    /** Some are alive: what they made a moment ago is on its way. */
    alive: boolean;
    /** One has records that the database lacks, or has vanished and may have. */
    areLate: boolean;
  };
}

/** Together longer than a record takes from another replica's spool to the database, and shorter than the gateway waits. */
const waitsMs = [100, 150, 250, 400, 600];

/** The gateway's ResponseSource; rejects with StorageUnavailable when it can't be told. */
export class ResponseLookup {
  readonly #options: ResponseLookupOptions;

  constructor(options: ResponseLookupOptions) {
    this.#options = options;
  }

  async find(id: string): Promise<ResponseOwner | null> {
    // Before the question: what is taken in while it is answered counts as missing.
    const isComplete = this.#options.hasCaughtUp();
    const row = await this.#find(id);
    if (row === null) {
      // After a crash, the record of that very response may be in the spool still: "unknown" would be final to its maker.
      if (!isComplete) throw new StorageUnavailable("records of an earlier process are on their way to the database");
      if (this.#options.others?.().areLate) throw new StorageUnavailable("another replica has records that the database lacks");
      return null;
    }
    return { deploymentId: row.deployment_id, endpointId: row.endpoint_id, model: row.model, owner: row.owner };
  }

  async forget(id: string): Promise<void> {
    await this.#storage().responses.delete(id);
  }

  async #find(id: string): Promise<ResponseRow | null> {
    let row = await this.#storage().responses.find(id);
    for (const waitMs of waitsMs) {
      if (row !== null || !this.#options.others?.().alive) return row;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      row = await this.#storage().responses.find(id);
    }
    return row;
  }

  #storage(): Storage {
    const storage = this.#options.storage();
    if (storage === null) throw new StorageUnavailable("there is no database yet");
    return storage;
  }
}
