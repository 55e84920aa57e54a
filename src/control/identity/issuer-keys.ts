// The keys of an OpenID provider: discovery document and JWKS, fetched when first needed, again when they age or a key is unknown.
import {
  type CryptoKey,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  type LocalJWKSet,
} from "jose";
import { asRecord } from "./claims.ts";
import { type ProviderAccess, ProviderRequests } from "./provider-requests.ts";
import { ProviderUnavailable } from "./token-provider.ts";

const discoveryAgeMaxMs = 60 * 60 * 1000;
/** A key that the issuer has withdrawn is believed for so long. */
const keysAgeMaxMs = 10 * 60 * 1000;
/** And for so long while the issuer is away. */
const keysAgeLimitMs = 24 * 60 * 60 * 1000;
/** With keys at hand: between two fetches, whatever unknown keys tokens name, and whether the issuer answers or not. */
const cooldownMs = 30_000;
/** Without: for so long a failure is not tried again. */
const failureKeptMs = 2000;
const bytesMax = 512 * 1024;

export class IssuerKeys {
  readonly #issuer: string;
  readonly #access: ProviderAccess;
  readonly #requests: ProviderRequests;
  #jwksUrl: { url: string; atMs: number } | null = null;
  #keys: { set: LocalJWKSet; atMs: number } | null = null;
  /** The last fetch that has ended. */
  #last: { atMs: number; failure: ProviderUnavailable | null } | null = null;
  #fetching: Promise<void> | null = null;

  constructor(issuer: string, access: ProviderAccess) {
    this.#issuer = issuer;
    this.#access = access;
    this.#requests = new ProviderRequests(issuer, access);
  }

  /**
   * The key that a token's header names, for jose's `jwtVerify`. Rejects with jose's JWKSNoMatchingKey or
   * JWKSMultipleMatchingKeys, or with ProviderUnavailable: no keys, or too old ones, or one that only the issuer could know.
   */
  readonly find = async (header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> => {
    const set = await this.#current();
    try {
      return await set(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      await this.reload();
      return (await this.#current())(header, token);
    }
  };

  /**
   * Fetches the keys again, for a token that those at hand don't fit, but not again within the cooldown. Rejects with
   * ProviderUnavailable when they could not be had then: new keys may be there, nobody can tell.
   */
  async reload(): Promise<void> {
    const { failure } = await this.#fetched(cooldownMs);
    if (failure !== null) throw failure;
  }

  async #current(): Promise<LocalJWKSet> {
    if (this.#keys === null || this.#ageMs(this.#keys) > keysAgeMaxMs) {
      const { failure } = await this.#fetched(this.#keys === null ? failureKeptMs : cooldownMs);
      const isUsable = this.#keys !== null && this.#ageMs(this.#keys) <= keysAgeLimitMs;
      if (failure !== null && !isUsable) throw failure;
    }
    if (this.#keys === null) throw new ProviderUnavailable("keys: there are none");
    return this.#keys.set;
  }

  /** How the last fetch ended: one that is less than `notBeforeMs` ago, else a new one, shared by all who wait. */
  async #fetched(notBeforeMs: number): Promise<{ failure: ProviderUnavailable | null }> {
    if (this.#fetching === null && this.#last !== null && this.#ageMs(this.#last) < notBeforeMs) return this.#last;
    this.#fetching ??= this.#fetch();
    await this.#fetching;
    return this.#last ?? { failure: null };
  }

  async #fetch(): Promise<void> {
    let failure: ProviderUnavailable | null = null;
    try {
      this.#keys = { set: await this.#askForKeys(await this.#findJwksUrl()), atMs: this.#access.clock.nowMs() };
    } catch (error) {
      failure = error instanceof ProviderUnavailable ? error : new ProviderUnavailable("keys: the answer is no key set");
      // They may have moved.
      if (this.#jwksUrl !== null) this.#jwksUrl = { ...this.#jwksUrl, atMs: Number.NEGATIVE_INFINITY };
    }
    this.#last = { atMs: this.#access.clock.nowMs(), failure };
    this.#fetching = null;
  }

  async #askForKeys(url: string): Promise<LocalJWKSet> {
    const headers = { accept: "application/json, application/jwk-set+json" };
    return createLocalJWKSet((await this.#requests.json("keys", { method: "GET", url, headers, bytesMax })) as JSONWebKeySet);
  }

  async #findJwksUrl(): Promise<string> {
    if (this.#jwksUrl !== null && this.#ageMs(this.#jwksUrl) <= discoveryAgeMaxMs) return this.#jwksUrl.url;
    try {
      this.#jwksUrl = { url: await this.#discover(), atMs: this.#access.clock.nowMs() };
    } catch (error) {
      if (this.#jwksUrl === null) throw error;
    }
    return this.#jwksUrl.url;
  }

  /** OpenID Connect Discovery 1.0, section 4. */
  async #discover(): Promise<string> {
    const url = `${this.#issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const headers = { accept: "application/json" };
    const { issuer, jwks_uri } = asRecord(await this.#requests.json("discovery", { method: "GET", url, headers, bytesMax }));
    if (issuer !== this.#issuer) throw this.#requests.misconfigured("discovery: the document is of another issuer");
    const isHttps = this.#issuer.startsWith("https:");
    if (typeof jwks_uri !== "string" || !URL.canParse(jwks_uri) || !(isHttps ? /^https:/i : /^https?:/i).test(jwks_uri)) {
      throw this.#requests.misconfigured("discovery: jwks_uri is no URL that can be trusted");
    }
    return jwks_uri;
  }

  /** Of what lies ahead since the clock was put back, how far: else it would stay fresh until the clock has caught up. */
  #ageMs({ atMs }: { atMs: number }): number {
    return Math.abs(this.#access.clock.nowMs() - atMs);
  }
}
