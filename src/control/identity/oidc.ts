// Bearer tokens that an OpenID provider has signed: checked here with its keys, without asking it about each.
import { decodeProtectedHeader, errors, type JWTPayload, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from "jose";
import type { TokenVerdict } from "../../domain/identity.ts";
import { type ProvenIdentity, userIdOf } from "../../domain/identity.ts";
import type { OidcConfig } from "../../domain/identity-config.ts";
import { asText, emailOf, groupsClaim, secondsToMs, textClaim } from "./claims.ts";
import { clockSkewMs } from "./clock-skew.ts";
import { IssuerKeys } from "./issuer-keys.ts";
import type { ProviderAccess } from "./provider-requests.ts";
import { ProviderUnavailable, type TokenProvider } from "./token-provider.ts";

/** Signatures by a key of which the issuer alone has the secret half: never `none`, never HS*, for which its public key would do. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"];
/** What else an issuer signs (logout tokens, answers to introspection) proves no caller (RFC 8725, 3.11). */
const bearerTypes = ["", "jwt", "application/jwt", "at+jwt", "application/at+jwt"];
/** A token that names no key is tried with so many. */
const triesMax = 8;

/** The header's own keys and URLs (`jwk`, `jku`, `x5c`, `x5u`) are never looked at: the key comes from the issuer, by `kid`. */
export class OidcProvider implements TokenProvider {
  /** The issuer. */
  readonly name: string;
  readonly #config: OidcConfig;
  readonly #access: ProviderAccess;
  readonly #keys: IssuerKeys;

  constructor(config: OidcConfig, access: ProviderAccess) {
    this.name = config.issuer;
    this.#config = config;
    this.#access = access;
    this.#keys = new IssuerKeys(config.issuer, access);
  }

  async verify(token: string): Promise<TokenVerdict> {
    try {
      const identity = this.#identity(await this.#claims(token));
      return identity === null ? { kind: "unknown" } : { kind: "proven", identity };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { kind: "expired" };
      if (error instanceof ProviderUnavailable) throw error;
      const isOfKeys = error instanceof errors.JWKInvalid || error instanceof errors.JWKSInvalid;
      if (error instanceof errors.JOSEError && !isOfKeys) return { kind: "unknown" };
      throw new ProviderUnavailable("keys: the one that the token names can't be used");
    }
  }

  async #claims(token: string): Promise<JWTPayload> {
    try {
      return await this.#checked(token);
    } catch (error) {
      // A token that names no key and fits none: the issuer may have new ones.
      const mayBeNewKey =
        error instanceof errors.JWSSignatureVerificationFailed && decodeProtectedHeader(token).kid === undefined;
      if (!mayBeNewKey) throw error;
      await this.#keys.reload();
      return this.#checked(token);
    }
  }

  /** The claims of a token whose signature, issuer, audience, times and type are right. Rejects with jose's errors. */
  async #checked(token: string): Promise<JWTPayload> {
    const options: JWTVerifyOptions = {
      algorithms,
      issuer: this.#config.issuer,
      audience: [...this.#config.audiences],
      requiredClaims: ["exp", "sub"],
      clockTolerance: clockSkewMs / 1000,
      currentDate: new Date(this.#access.clock.nowMs()),
    };
    const { payload, protectedHeader } = await jwtVerify(token, this.#keys.find, options).catch((error: unknown) => {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return tryEach(token, error, options);
      throw error;
    });
    const { typ = "" } = protectedHeader;
    if (typeof typ !== "string" || !bearerTypes.includes(typ.toLowerCase())) throw new errors.JWTInvalid("not a bearer token");
    return payload;
  }

  #identity(claims: JWTPayload): ProvenIdentity | null {
    const source = this.#config.issuer;
    const subject = asText(claims.sub);
    if (subject === null || claims.exp === undefined) return null;
    return {
      userId: userIdOf(source, subject),
      source,
      subject,
      username: textClaim(claims, this.#config.usernameClaim),
      name: asText(claims.name),
      email: emailOf(claims),
      groups: groupsClaim(claims, this.#config.groupsClaim),
      idpId: source,
      idpName: null,
      authService: "oidc",
      issuedAtMs: typeof claims.iat === "number" ? secondsToMs(claims.iat) : null,
      expiresAtMs: secondsToMs(claims.exp),
    };
  }
}

async function tryEach(
  token: string,
  keys: errors.JWKSMultipleMatchingKeys,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  let tries = 0;
  for await (const key of keys) {
    if (++tries > triesMax) break;
    try {
      return await jwtVerify(token, key, options);
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
    }
  }
  throw new errors.JWSSignatureVerificationFailed();
}
