// Rows for the contract tests: valid as they are, with ids and names of their own, every column can be set.
import { expect } from "vitest";
import { newId } from "../core/ids.ts";
import { everyoneGroupId } from "../domain/everyone.ts";
import type { EndpointRow, SyncRunRow } from "./ports/endpoints.ts";
import { UniqueViolation } from "./ports/errors.ts";
import type { KeyRow } from "./ports/keys.ts";
import type { ManifestRow } from "./ports/manifests.ts";
import type { DeploymentRow, ModelRow } from "./ports/models.ts";
import type { Page, PageRequest } from "./ports/page.ts";
import type { GroupRow, UserRow } from "./ports/people.ts";
import type { RequestBodyRow } from "./ports/request-bodies.ts";

const times = { created_at: 1_700_000_000_000, updated_at: 1_700_000_000_001, version: 1 };

export function endpointRow(changes: Partial<EndpointRow> = {}): EndpointRow {
  const id = newId("ep");
  return {
    id,
    name: `endpoint ${id}`,
    description: null,
    url: "https://provider.test/v1",
    base_url: null,
    dialect: "openai",
    api_key_ciphertext: null,
    auth_header_name: null,
    auth_header_prefix: null,
    headers: "{}",
    query: "{}",
    models: '"all"',
    aliases: "{}",
    sync_interval_ms: 3_600_000,
    timeouts: "{}",
    weight: 1,
    probe: null,
    groups: null,
    origin: "admin",
    manifest_id: null,
    manifest_key: null,
    guard_signature: null,
    guard_count: 0,
    ...times,
    ...changes,
  };
}

export function modelRow(changes: Partial<ModelRow> = {}): ModelRow {
  const id = newId("mdl");
  const settings = { strategy: null, max_attempts: null, hedge: null, timeouts: "{}", disabled_at: null };
  const access = { groups: null, limits: null };
  return { id, name: `model ${id}`, kind: "pool", ...settings, ...access, ...times, ...changes };
}

export function deploymentRow(changes: Pick<DeploymentRow, "endpoint_id"> & Partial<DeploymentRow>): DeploymentRow {
  const id = newId("dep");
  const { created_at, updated_at } = times;
  const state = { source: "discovered", status: "active", reason: null, since: created_at, removed_at: null };
  return { id, model_id: null, upstream_model: `upstream ${id}`, ...state, created_at, updated_at, ...changes };
}

export function syncRunRow(changes: Pick<SyncRunRow, "endpoint_id"> & Partial<SyncRunRow>): SyncRunRow {
  const outcome = { trigger: "interval", status: "ok", stage: "done", error: null, counts: "{}", models: "[]" };
  return { id: newId("run"), ...outcome, started_at: 1000, finished_at: 2000, ...changes };
}

export function keyRow(changes: Partial<KeyRow> = {}): KeyRow {
  const id = newId("key");
  return {
    id,
    name: `key ${id}`,
    prefix: "sk-hg-abc",
    digest: `digest ${id}`,
    previous_digest: null,
    previous_expires_at: null,
    user_id: null,
    group_id: everyoneGroupId,
    models: null,
    scopes: '["inference"]',
    expires_at: null,
    limits: null,
    bodies: null,
    origin: "admin",
    deleted_at: null,
    ...times,
    ...changes,
  };
}

export function userRow(changes: Partial<UserRow> = {}): UserRow {
  const id = newId("usr");
  const unknown = { email: null, username: null, subject: null, primary_group_id: null, limits: null, last_seen_at: null };
  const account = { password_hash: null, disabled_at: null };
  return { id, name: `user ${id}`, role: "member", source: "local", ...unknown, ...account, ...times, ...changes };
}

export function groupRow(changes: Partial<GroupRow> = {}): GroupRow {
  const id = newId("grp");
  const unset = { source: null, external_id: null, limits: null, bodies: null };
  return { id, name: `group ${id}`, models: "[]", ...unset, ...times, ...changes };
}

export function manifestRow(changes: Partial<ManifestRow> = {}): ManifestRow {
  const id = newId("mft");
  return {
    id,
    name: `manifest ${id}`,
    url: "https://manifests.test/status.json",
    origin: "admin",
    interval_ms: 30_000,
    allowed_hosts: "[]",
    headers_ciphertext: null,
    tokens_ciphertext: null,
    content: null,
    etag: null,
    last_modified: null,
    last_success_at: null,
    last_error: null,
    applied: null,
    ...times,
    ...changes,
  };
}

/** The rows of every page, from the first to the last. */
export async function allPages<Row>(page: (request: PageRequest) => Promise<Page<Row>>, limit: number): Promise<Row[][]> {
  const pages: Row[][] = [];
  let cursor: string | undefined;
  do {
    const { rows, nextCursor } = await page({ limit, cursor });
    pages.push(rows);
    cursor = nextCursor ?? undefined;
  } while (cursor !== undefined);
  return pages;
}

/** The constraint that `work` ran into. */
export async function violation(work: Promise<unknown>): Promise<string> {
  const error = await work.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UniqueViolation);
  return (error as UniqueViolation).constraint;
}

export function requestBodyRow(changes: Partial<RequestBodyRow> = {}): RequestBodyRow {
  return {
    request_id: newId("req"),
    request_started_at: 1_800_000_000_000,
    key_id: "key_1",
    user_id: null,
    group_id: everyoneGroupId,
    request_body: "sent",
    request_type: "application/json",
    request_bytes: 4,
    request_truncated: 0,
    response_body: "answered",
    response_type: "text/event-stream",
    response_bytes: 8,
    response_truncated: 0,
    redacted: "[]",
    expires_at: 1_900_000_000_000,
    ...changes,
  };
}
