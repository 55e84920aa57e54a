// Callers with a token: proven once by their identity provider, then known here for a while, also while it is away.

import { hash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import type { ProvenIdentity, TokenVerdict } from "../../domain/identity.ts";
import type { Limits } from "../../domain/limits.ts";
import type { Principal } from "../access.ts";
import type { CallerRequest } from "../caller-request.ts";
import type { IdentitySource } from "../ports.ts";
import { RecentMap } from "../responses/recent-map.ts";
import type { Snapshot } from "../snapshot.ts";
import type { AnnouncedCallers } from "./announced-callers.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import { type SourceAddresses, throttleKey } from "./source-address.ts";

export interface TokenCallersOptions {
  source: IdentitySource;
  addresses: SourceAddresses;
  /** Null: no proxy's word is taken. */
  announced: AnnouncedCallers | null;
  /** Of callers for whom nothing else is set. */
  defaultLimits: Limits;
  clock: Clock;
}

/** A proof is renewed behind the caller's back from here on … */
export const renewAfterMs = 4 * 60_000;
/** … and no longer taken from here on: so long does it take at most until a revoked token or a lost group is noticed. */
export const provenForMs = 5 * 60_000;
/** For so long a token outlives its provider's absence. */
export const graceMs = 10 * 60_000;
const refusedForMs = 10_000;
const unavailableForMs = 2000;
const entriesMax = 20_000;
/**
 * Tokens that turn out good are not counted, but those that are being verified are: a class that comes in through one address at the
 * same moment has to fit in.
 */
const attemptBounds = { attemptsMax: 100, windowMs: 60_000, perSecondMax: 200 };
/** Questions to providers under way; those that nobody waits for take half of it at most. */
const verificationsMax = 256;

interface Known {
  identity: ProvenIdentity;
  provenAtMs: number;
  /** Whether the provider was asked for groups. */
  knowsGroups: boolean;
  /** Since its provider has not answered when it was to be renewed; null: it has. */
  nextRenewalAtMs: number | null;
  principal: Principal;
}

interface Refused {
  verdict: Exclude<TokenVerdict, { kind: "proven" }>;
  untilMs: number;
}

export class TokenCallers {
  readonly #options: TokenCallersOptions;
  readonly #known = new RecentMap<Known>(entriesMax);
  /** Apart from the known ones: whoever sends nonsense pushes nobody out. */
  readonly #refused = new RecentMap<Refused>(entriesMax);
  readonly #underWay = new Map<string, Promise<TokenVerdict>>();
  readonly #attempts = new FailedAttempts(attemptBounds);

  constructor(options: TokenCallersOptions) {
    this.#options = options;
  }

  /** The caller whom a trusted proxy names; null: none does. */
  announcedBy(snapshot: Snapshot, req: CallerRequest): Principal | null {
    return this.#options.announced?.of(snapshot, req) ?? null;
  }

  /**
   * The principal that one of the credentials proves; null when none can be a token. At once for one that is known, or that was refused
   * lately: then it throws, as the promise rejects, with 401 `invalid_key` or `key_expired`, 403 `not_allowed`, 429
   * `rate_limit_exceeded` (too many unknown tokens from one address) or 503 `auth_unavailable`.
   */
  find(
    snapshot: Snapshot,
    credentials: readonly string[],
    req: CallerRequest,
    nowMs: number,
  ): Principal | Promise<Principal> | null {
    const unproven: { token: string; digest: string }[] = [];
    let refused: Refused["verdict"] | null = null;
    for (const token of credentials) {
      const digest = hash("sha256", token, "hex");
      const known = this.#usable(snapshot, token, digest, nowMs);
      if (known !== null) return known;
      if (!this.#options.source.mayKnow(token)) continue;
      const before = this.#refused.get(digest);
      // Longer than it was set for: the clock has been put back.
      if (before !== undefined && before.untilMs > nowMs && before.untilMs <= nowMs + refusedForMs) refused ??= before.verdict;
      else unproven.push({ token, digest });
    }
    if (unproven.length > 0) return this.#proveOne(snapshot, unproven, req, refused);
    if (refused !== null) throw errorOf(refused);
    return null;
  }

  /** Null: the token has to be proven before anything else. */
  #usable(snapshot: Snapshot, token: string, digest: string, nowMs: number): Principal | null {
    const known = this.#known.get(digest);
    if (known === undefined) return null;
    const { identity } = known;
    if (isOver(identity, nowMs)) {
      this.#known.delete(digest);
      return null;
    }
    const isAway = known.nextRenewalAtMs !== null;
    const lacksGroups = snapshot.needsGroups && !known.knowsGroups;
    if (lacksGroups && !isAway) return null;
    const ageMs = nowMs - known.provenAtMs;
    if (ageMs < 0 || ageMs >= (isAway ? provenForMs + graceMs : provenForMs)) return null;
    if ((lacksGroups || ageMs >= renewAfterMs) && nowMs >= (known.nextRenewalAtMs ?? 0)) this.#renew(snapshot, token, digest);
    return this.#principal(snapshot, known);
  }

  #principal(snapshot: Snapshot, known: Known): Principal {
    if (!snapshot.isCurrent(known.principal)) {
      known.principal = snapshot.principalOf(known.identity, this.#options.defaultLimits);
    }
    return known.principal;
  }

  #renew(snapshot: Snapshot, token: string, digest: string): void {
    if (this.#underWay.size >= verificationsMax / 2) return;
    this.#verify(snapshot, token, digest).catch(() => undefined);
  }

  async #proveOne(
    snapshot: Snapshot,
    unproven: readonly { token: string; digest: string }[],
    req: CallerRequest,
    refusedBefore: Refused["verdict"] | null,
  ): Promise<Principal> {
    let worst = refusedBefore;
    for (const { token, digest } of unproven) {
      const verdict = await this.#prove(snapshot, token, digest, req);
      const known = verdict.kind === "unavailable" || verdict.kind === "proven" ? this.#known.get(digest) : undefined;
      // Known, and only its renewal failed: it has its grace.
      if (known !== undefined && isInGrace(known, this.#options.clock.nowMs())) return this.#principal(snapshot, known);
      if (verdict.kind === "proven") return snapshot.principalOf(verdict.identity, this.#options.defaultLimits);
      if (worst === null || worst.kind === "unknown") worst = verdict;
    }
    throw errorOf(worst ?? { kind: "unknown" });
  }

  /** Asks the provider, unless the address has sent too many tokens that nobody knows. */
  async #prove(snapshot: Snapshot, token: string, digest: string, req: CallerRequest): Promise<TokenVerdict> {
    // Whoever joins a question costs nothing.
    const underWay = this.#underWay.get(digest);
    if (underWay !== undefined) return underWay;
    const { clock, addresses } = this.#options;
    if (this.#known.get(digest) !== undefined) return this.#verify(snapshot, token, digest);
    if (this.#underWay.size >= verificationsMax) {
      throw new HeadgateError("auth_unavailable", { retryAfterSeconds: 1, detail: "too many tokens are being verified" });
    }
    const address = throttleKey(addresses.of(req));
    const chargedAtMs = clock.nowMs();
    const waitMs = this.#attempts.charge(address, chargedAtMs);
    if (waitMs !== null) throw tooManyAttempts(waitMs);
    const verdict = await this.#verify(snapshot, token, digest);
    if (verdict.kind === "proven" || verdict.kind === "refused" || verdict.kind === "expired") {
      this.#attempts.refund(address, chargedAtMs);
    }
    return verdict;
  }

  #verify(snapshot: Snapshot, token: string, digest: string): Promise<TokenVerdict> {
    let verification = this.#underWay.get(digest);
    if (verification === undefined) {
      const groups = snapshot.needsGroups;
      const forget = () => this.#underWay.delete(digest);
      verification = this.#options.source.verify(token, { groups }).then((verdict) => {
        this.#keep(snapshot, digest, verdict, groups);
        return verdict;
      });
      this.#underWay.set(digest, verification);
      verification.then(forget, forget);
    }
    return verification;
  }

  #keep(snapshot: Snapshot, digest: string, verdict: TokenVerdict, knowsGroups: boolean): void {
    const nowMs = this.#options.clock.nowMs();
    if (verdict.kind === "proven") {
      const { identity } = verdict;
      this.#options.source.seen(identity);
      this.#refused.delete(digest);
      // Taken this once, since its provider's clock may differ from ours.
      if (isOver(identity, nowMs)) return;
      const principal = snapshot.principalOf(identity, this.#options.defaultLimits);
      const { provenAtMs = nowMs } = verdict;
      // An older one is only given while the provider is away.
      const nextRenewalAtMs = nowMs - provenAtMs >= renewAfterMs ? nowMs + unavailableForMs : null;
      this.#known.set(digest, { identity, provenAtMs, knowsGroups, nextRenewalAtMs, principal });
      return;
    }
    const known = this.#known.get(digest);
    if (verdict.kind === "unavailable") {
      if (known !== undefined) known.nextRenewalAtMs = nowMs + unavailableForMs;
      else this.#refused.set(digest, { verdict, untilMs: nowMs + unavailableForMs });
      return;
    }
    this.#known.delete(digest);
    this.#refused.set(digest, { verdict, untilMs: nowMs + refusedForMs });
  }
}

function isInGrace({ identity, provenAtMs }: Known, nowMs: number): boolean {
  // A clock that was put back by hours makes it no longer.
  return Math.abs(nowMs - provenAtMs) < provenForMs + graceMs && !isOver(identity, nowMs);
}

export function isOver({ expiresAtMs }: ProvenIdentity, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs;
}

function errorOf(verdict: Refused["verdict"]): HeadgateError {
  if (verdict.kind === "unknown") return new HeadgateError("invalid_key");
  if (verdict.kind === "expired") return new HeadgateError("key_expired");
  if (verdict.kind === "refused") return new HeadgateError("not_allowed", { message: verdict.message });
  return new HeadgateError("auth_unavailable", { retryAfterSeconds: unavailableForMs / 1000, detail: verdict.detail });
}

function tooManyAttempts(waitMs: number): HeadgateError {
  return new HeadgateError("rate_limit_exceeded", {
    message: "Too many tokens that no identity provider knows have come from this address. Retry after the time in retry-after.",
    retryAfterSeconds: Math.ceil(waitMs / 1000),
  });
}
