// What calls ask of the control plane, here and in workers: who callers are, whose responses, what was used; and where bodies go.
import { BodyStore } from "../control/bodies/body-store.ts";
import { CallerUsage } from "../control/caller-usage.ts";
import { ResponseLookup, type ResponseLookupOptions } from "../control/response-lookup.ts";
import type { Cipher } from "../core/cipher.ts";
import { CallerIdentity, type CallerIdentityOptions } from "./caller-identity.ts";

export type CallSourcesOptions = CallerIdentityOptions & ResponseLookupOptions & { cipher: Cipher };

export class CallSources {
  readonly identity: CallerIdentity;
  readonly responses: ResponseLookup;
  readonly usage: CallerUsage;
  readonly bodies: BodyStore;

  constructor(options: CallSourcesOptions) {
    const { storage, cipher, clock, log, hasCaughtUp, others } = options;
    const { config, client, access, onChanged } = options;
    this.identity = new CallerIdentity({ config, client, access, storage, clock, log, onChanged });
    this.responses = new ResponseLookup({ storage, hasCaughtUp, ...(others === undefined ? {} : { others }) });
    this.usage = new CallerUsage(storage);
    this.bodies = new BodyStore({ storage, cipher, clock, log });
  }

  /** Writes what waits, as far as the database is there. */
  async stop(): Promise<void> {
    await Promise.all([this.identity.stop(), this.bodies.stop()]);
  }
}
