// What has to be known of an endpoint to ask it for its models.
import type { Cipher } from "../../core/cipher.ts";
import { Secret } from "../../core/secret.ts";
import { type Dialect, defaultAuthHeaderName, defaultAuthHeaderPrefix } from "../../domain/dialect.ts";
import { defaultTimeouts, type Timeouts } from "../../domain/timeouts.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import { ListingFailed } from "./listing.ts";

export interface ListTarget {
  /** As the administrator gave it; http or https, without query. */
  url: string;
  /** The base that answered last time, tried first; null: none yet. */
  baseUrl: string | null;
  dialect: Dialect;
  credential: Secret | null;
  /** Null: by dialect. */
  authHeaderName: string | null;
  authHeaderPrefix: string | null;
  headers: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  connectTimeoutMs: number;
}

/** The columns of an endpoint that a listing needs. */
export type ListColumns = Pick<
  EndpointRow,
  | "id"
  | "url"
  | "base_url"
  | "dialect"
  | "api_key_ciphertext"
  | "auth_header_name"
  | "auth_header_prefix"
  | "headers"
  | "query"
  | "timeouts"
>;

/** The context that an endpoint's stored credential is bound to. */
export function credentialContext(endpointId: string): string {
  return `endpoint:${endpointId}:api_key`;
}

/** The target that a stored endpoint is. Throws ListingFailed (`credential_unreadable`) when its credential can't be decrypted. */
export function listTargetOf(row: ListColumns, cipher: Cipher): ListTarget {
  const timeouts = JSON.parse(row.timeouts) as Partial<Timeouts>;
  return {
    url: row.url,
    baseUrl: row.base_url,
    dialect: row.dialect as Dialect,
    credential: row.api_key_ciphertext === null ? null : decrypted(row.api_key_ciphertext, row.id, cipher),
    authHeaderName: row.auth_header_name,
    authHeaderPrefix: row.auth_header_prefix,
    headers: JSON.parse(row.headers) as Record<string, string>,
    query: JSON.parse(row.query) as Record<string, string>,
    connectTimeoutMs: timeouts.connectMs ?? defaultTimeouts.connectMs,
  };
}

function decrypted(ciphertext: string, endpointId: string, cipher: Cipher): Secret {
  try {
    return new Secret(cipher.decrypt(ciphertext, credentialContext(endpointId)));
  } catch {
    throw new ListingFailed({
      stage: "auth",
      code: "credential_unreadable",
      message: "The endpoint's stored API key can't be decrypted with this secret key.",
      hint: "Start Headgate with the secret key that it was stored under, or set the endpoint's api_key again.",
    });
  }
}

/** The headers of a listing request; the endpoint's own go over the defaults, the credential over everything. */
export function listHeaders(target: ListTarget): Record<string, string> {
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "headgate" };
  if (target.dialect === "anthropic") headers["anthropic-version"] = "2023-06-01";
  for (const [name, value] of Object.entries(target.headers)) headers[name.toLowerCase()] = value;
  headers["accept-encoding"] = "identity";
  if (target.credential !== null) {
    const name = target.authHeaderName ?? defaultAuthHeaderName(target.dialect);
    headers[name.toLowerCase()] = (target.authHeaderPrefix ?? defaultAuthHeaderPrefix(name)) + target.credential.expose();
  }
  return headers;
}
