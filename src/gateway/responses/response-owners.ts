// Who made which response, and where: from memory for those of this process, from the ledger's table for all others.

import type { Clock } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import type { AttemptStarted } from "../../domain/ledger-record.ts";
import { isResponseId, ownerName, type ResponseOwner } from "../../domain/response-owner.ts";
import type { Principal } from "../access.ts";
import type { ResponseSource } from "../ports.ts";
import { RecentMap } from "./recent-map.ts";

export interface ResponseOwnersOptions {
  source: ResponseSource;
  clock: Clock;
  /** Default 100,000. */
  entriesMax?: number;
}

const defaultEntriesMax = 100_000;
const lookupTimeoutMs = 2000;
/** So short because the record of a response that was just made may be on its way to the ledger. */
const unknownForMs = 2000;
const unknownMax = 10_000;
/** Ids being asked for at once. Each asks once, however many calls wait for it. */
const lookupsMax = 1000;

export class ResponseOwners {
  readonly #source: ResponseSource;
  readonly #clock: Clock;
  readonly #known: RecentMap<ResponseOwner>;
  /** Until when an id counts as unknown without another look. */
  readonly #unknownUntilMs = new RecentMap<number>(unknownMax);
  readonly #lookups = new Map<string, Promise<ResponseOwner | null>>();

  constructor({ source, clock, entriesMax = defaultEntriesMax }: ResponseOwnersOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#known = new RecentMap(entriesMax);
  }

  /**
   * An answer under way has shown its id. Not to be called when the caller chose that id itself (ScannedBody.namesItsResponse): it
   * may be another's, and the first who made it, as the ledger has it, stays its owner.
   */
  remember(id: string, owner: ResponseOwner): void {
    if (!isResponseId(id) || this.#known.get(id) !== undefined) return;
    this.#known.set(id, owner);
    this.#unknownUntilMs.delete(id);
  }

  /** Null: nobody made it. Rejects with 503 `state_unavailable` when that can't be told within two seconds. */
  find(id: string): ResponseOwner | null | Promise<ResponseOwner | null> {
    if (!isResponseId(id)) return null;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const leftMs = (this.#unknownUntilMs.get(id) ?? 0) - this.#clock.nowMs();
    // Longer than it was set for: the clock has been put back.
    if (leftMs > 0 && leftMs <= unknownForMs) return null;
    const underWay = this.#lookups.get(id);
    if (underWay === undefined && this.#lookups.size >= lookupsMax) {
      return Promise.reject(unavailable("too many ids are being looked up"));
    }
    return this.#inTime(underWay ?? this.#lookUp(id));
  }

  /** Without a look anywhere else; null: nothing is known here. */
  known(id: string): ResponseOwner | null {
    return this.#known.get(id) ?? null;
  }

  /** Another process has heard from its provider that it is deleted. */
  forgotten(id: string): void {
    this.#known.delete(id);
  }

  /** Its provider has deleted it. */
  forget(id: string): void {
    this.#known.delete(id);
    // What stays behind is harmless: the provider says itself that the response is gone.
    this.#source.forget(id).catch(() => undefined);
  }

  #lookUp(id: string): Promise<ResponseOwner | null> {
    const lookup = this.#ask(id).finally(() => this.#lookups.delete(id));
    this.#lookups.set(id, lookup);
    return lookup;
  }

  async #ask(id: string): Promise<ResponseOwner | null> {
    const owner = await this.#source.find(id);
    if (owner !== null) {
      // Also over what was remembered meanwhile: the ledger's was first.
      this.#known.set(id, owner);
      return owner;
    }
    const remembered = this.#known.get(id);
    if (remembered !== undefined) return remembered;
    this.#unknownUntilMs.set(id, this.#clock.nowMs() + unknownForMs);
    return null;
  }

  /** The caller waits no longer than that; the lookup itself goes on, and later callers join it. */
  #inTime(lookup: Promise<ResponseOwner | null>): Promise<ResponseOwner | null> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(lookupTimeoutMs, () => reject(unavailable("the lookup took too long")));
      lookup.then(
        (owner) => {
          timer.cancel();
          resolve(owner);
        },
        (error: unknown) => {
          timer.cancel();
          reject(unavailable(error instanceof Error ? error.message : String(error)));
        },
      );
    });
  }
}

function unavailable(detail: string): HeadgateError {
  return new HeadgateError("state_unavailable", { retryAfterSeconds: 2, detail: `owner of a response: ${detail}` });
}

/** The name under which a caller's responses are kept. */
export function ownerOf({ key, userId }: Principal): string {
  return ownerName(key?.id ?? null, userId);
}

/** To whom belongs what this attempt makes. */
export function ownerOfAttempt({ deploymentId, endpointId, model, keyId, userId }: AttemptStarted): ResponseOwner {
  return { deploymentId, endpointId, model, owner: ownerName(keyId, userId) };
}

/** What a caller is told who names a response that is unknown or another's, which sounds the same. `field`: null when the path names it. */
export function responseNotFound(field: "previous_response_id" | null, message?: string): HeadgateError {
  return new HeadgateError("response_not_found", {
    ...(field === null ? {} : { field }),
    ...(message === undefined ? {} : { message }),
  });
}

/** The entry of a response that `principal` made. Throws 404 `response_not_found` or 503 `state_unavailable`. */
export async function requireOwner(
  owners: ResponseOwners,
  principal: Principal,
  id: string,
  field: "previous_response_id" | null,
): Promise<ResponseOwner> {
  const found = await owners.find(id);
  if (found === null || found.owner !== ownerOf(principal)) throw responseNotFound(field);
  return found;
}
