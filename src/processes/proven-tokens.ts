// What one worker has had proven, the others need not ask for: a provider is asked about a token as often as by one process, and one that
// is away keeps out nobody who is known.
import { hash } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import type { TokenVerdict } from "../domain/identity.ts";
import { graceMs, isOver, provenForMs, renewAfterMs } from "../gateway/identity/token-callers.ts";
import type { IdentitySource } from "../gateway/ports.ts";
import { RecentMap } from "../gateway/responses/recent-map.ts";

type Proven = Extract<TokenVerdict, { kind: "proven" }>;

interface Remembered {
  identity: Proven["identity"];
  provenAtMs: number;
  knowsGroups: boolean;
}

const entriesMax = 20_000;

export class ProvenTokens {
  readonly #source: Pick<IdentitySource, "verify">;
  readonly #clock: Clock;
  /** By the token's digest. */
  readonly #known = new RecentMap<Remembered>(entriesMax);
  /** By digest, and whether groups are wanted. */
  readonly #underWay = new Map<string, Promise<TokenVerdict>>();

  constructor(source: Pick<IdentitySource, "verify">, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  /** As IdentitySource.verify; a proof made for another worker says when that was. */
  verify(token: string, wanted: { groups: boolean }): Promise<TokenVerdict> {
    const digest = hash("sha256", token, "hex");
    const known = this.#remembered(digest, wanted, renewAfterMs);
    if (known !== null) return Promise.resolve(known);
    const name = `${digest} ${wanted.groups}`;
    const underWay = this.#underWay.get(name);
    if (underWay !== undefined) return underWay;
    const verdict = this.#ask(token, digest, wanted).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, verdict);
    return verdict;
  }

  async #ask(token: string, digest: string, wanted: { groups: boolean }): Promise<TokenVerdict> {
    const verdict = await this.#source.verify(token, wanted);
    // Without its groups a caller who is known is still known.
    if (verdict.kind === "unavailable") return this.#remembered(digest, { groups: false }, provenForMs + graceMs) ?? verdict;
    if (verdict.kind === "proven") {
      const { identity } = verdict;
      this.#known.set(digest, { identity, provenAtMs: this.#clock.nowMs(), knowsGroups: wanted.groups });
    } else this.#known.delete(digest);
    return verdict;
  }

  #remembered(digest: string, wanted: { groups: boolean }, ageMsMax: number): Proven | null {
    const known = this.#known.get(digest);
    if (known === undefined) return null;
    const { identity, provenAtMs, knowsGroups } = known;
    const nowMs = this.#clock.nowMs();
    const ageMs = nowMs - provenAtMs;
    if (ageMs < 0 || ageMs >= ageMsMax || isOver(identity, nowMs) || (wanted.groups && !knowsGroups)) return null;
    return { kind: "proven", identity, provenAtMs };
  }
}
