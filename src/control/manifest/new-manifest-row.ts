// The row of a manifest that is being made: nothing has been fetched yet.
import { newId } from "../../core/ids.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";

type Given = Pick<ManifestRow, "name" | "url" | "origin" | "interval_ms" | "allowed_hosts">;

export function newManifestRow(given: Given, nowMs: number): ManifestRow {
  return {
    id: newId("mft"),
    ...given,
    headers_ciphertext: null,
    tokens_ciphertext: null,
    content: null,
    etag: null,
    last_modified: null,
    last_success_at: null,
    last_error: null,
    applied: null,
    created_at: nowMs,
    updated_at: nowMs,
    version: 1,
  };
}
