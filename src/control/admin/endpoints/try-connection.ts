// Tries a connection for an administrator: a registered endpoint's, a new one, or the one with parts of the other.
import type { z } from "zod";
import type { validateEndpointBody } from "../../../api/endpoints.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { inferDialect } from "../../../domain/dialect.ts";
import { credentialContext, type ListColumns, type ListTarget, listTargetOf } from "../../discovery/list-target.ts";
import { ListingFailed } from "../../discovery/listing.ts";
import { type ValidationView, validateEndpoint } from "../../discovery/validate-endpoint.ts";
import type { AdminContext } from "../context.ts";

type Asked = z.output<typeof validateEndpointBody>;

/** Whatever the provider does is in the answer. Throws HeadgateError invalid_field for an unknown `endpoint_id`. */
export async function tryConnection(asked: Asked, context: AdminContext): Promise<ValidationView> {
  const columns = await columnsOf(asked, context);
  let target: ListTarget;
  try {
    target = listTargetOf(columns, context.cipher);
  } catch (error) {
    if (!(error instanceof ListingFailed)) throw error;
    const { stage, code, message, hint } = error.failure;
    return { ok: false, stage, code, message, hint, latency_ms: 0, effective_url: null, models: [] };
  }
  return validateEndpoint(target);
}

async function columnsOf(asked: Asked, context: AdminContext): Promise<ListColumns> {
  const stored = asked.endpoint_id == null ? newColumns(asked.url as string) : await storedColumns(asked.endpoint_id, context);
  const given: Partial<ListColumns> = {};
  if (asked.url != null && asked.url !== stored.url) Object.assign(given, { url: asked.url, base_url: null });
  if (asked.dialect != null) given.dialect = asked.dialect;
  if (asked.auth_header_name !== undefined) given.auth_header_name = asked.auth_header_name;
  if (asked.auth_header_prefix !== undefined) given.auth_header_prefix = asked.auth_header_prefix;
  if (asked.headers !== undefined) given.headers = JSON.stringify(asked.headers ?? {});
  if (asked.query !== undefined) given.query = JSON.stringify(asked.query ?? {});
  if (asked.api_key !== undefined) {
    given.api_key_ciphertext =
      asked.api_key === null ? null : context.cipher.encrypt(asked.api_key, credentialContext(stored.id));
  }
  return { ...stored, ...given };
}

async function storedColumns(id: string, context: AdminContext): Promise<ListColumns> {
  const row = await context.database().endpoints.get(id);
  if (row !== null) return row;
  throw new HeadgateError("invalid_field", { field: "endpoint_id", message: "endpoint_id: there is no endpoint with this id" });
}

function newColumns(url: string): ListColumns {
  return {
    id: "new",
    url,
    base_url: null,
    dialect: inferDialect(new URL(url)),
    api_key_ciphertext: null,
    auth_header_name: null,
    auth_header_prefix: null,
    headers: "{}",
    query: "{}",
    timeouts: "{}",
  };
}
