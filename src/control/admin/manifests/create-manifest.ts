// The row of a manifest that an administrator makes: what is secret in it encrypted, user and password taken out of the URL.
import type { CreateManifest } from "../../../api/manifests.ts";
import { HeadgateError } from "../../../core/errors.ts";
import { UniqueViolation } from "../../../storage/ports/errors.ts";
import type { ManifestRow } from "../../../storage/ports/manifests.ts";
import { encryptPart } from "../../manifest/manifest-secrets.ts";
import { newManifestRow } from "../../manifest/new-manifest-row.ts";
import { recordManifest } from "../../manifest/record-manifest.ts";
import type { Asker } from "../authorize/asker.ts";
import type { AdminContext } from "../context.ts";

const defaultIntervalMs = 30_000;

/** Throws HeadgateError name_conflict. */
export async function createManifest(context: AdminContext, asker: Asker, given: CreateManifest): Promise<ManifestRow> {
  const { cipher, clock } = context;
  const { url, authorization } = withoutUser(given.url);
  const columns = {
    name: given.name,
    url,
    origin: "admin",
    interval_ms: given.interval ?? defaultIntervalMs,
    allowed_hosts: JSON.stringify(given.allowed_hosts ?? []),
  };
  const row = newManifestRow(columns, clock.nowMs());
  const headers = Object.fromEntries(Object.entries(given.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]));
  if (authorization !== null) headers.authorization = authorization;
  row.headers_ciphertext = encryptPart(cipher, row.id, "headers", headers);
  row.tokens_ciphertext = encryptPart(cipher, row.id, "tokens", given.tokens ?? {});
  try {
    await context.database().transaction(async (repositories) => {
      await repositories.manifests.insert(row);
      await repositories.meta.bumpConfigVersion({ part: "routing" });
      await recordManifest(repositories, { ...asker, before: null, after: row, nowMs: row.created_at });
    });
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    throw new HeadgateError("name_conflict", { field: "name", message: `There is already a manifest named '${given.name}'.` });
  }
  return row;
}

function withoutUser(text: string): { url: string; authorization: string | null } {
  const url = new URL(text);
  const { username, password } = url;
  if (username === "" && password === "") return { url: text, authorization: null };
  url.username = "";
  url.password = "";
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { url: url.href, authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}
