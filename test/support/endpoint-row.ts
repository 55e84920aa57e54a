// A stored endpoint for tests: valid as it is, every column can be set.
import { newId } from "../../src/core/ids.ts";
import type { EndpointRow } from "../../src/storage/ports/endpoints.ts";

/** An endpoint that follows all models of `http://127.0.0.1:9/v1`, without credential or schedule. */
export function endpointRow(columns: Partial<EndpointRow> = {}): EndpointRow {
  const id = columns.id ?? newId("ep");
  return {
    id,
    name: `endpoint-${id.slice(-8)}`,
    description: null,
    url: "http://127.0.0.1:9/v1",
    base_url: null,
    dialect: "openai",
    api_key_ciphertext: null,
    auth_header_name: null,
    auth_header_prefix: null,
    headers: "{}",
    query: "{}",
    models: '"all"',
    aliases: "{}",
    sync_interval_ms: 0,
    timeouts: "{}",
    weight: 1,
    probe: null,
    groups: null,
    origin: "admin",
    manifest_id: null,
    manifest_key: null,
    guard_signature: null,
    guard_count: 0,
    created_at: 1_735_689_600_000,
    updated_at: 1_735_689_600_000,
    version: 1,
    ...columns,
  };
}
