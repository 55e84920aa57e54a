// The admin API on a real socket over a real SQLite file, with the data plane's half of its ports written down instead of acted on.
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SystemView } from "../../src/api/system.ts";
import type { AdminDeps } from "../../src/control/admin/context.ts";
import { createExportRuns } from "../../src/control/admin/exports/create-export-runs.ts";
import { createAdminApi } from "../../src/control/admin/server.ts";
import { createSynchronizer } from "../../src/control/discovery/synchronize.ts";
import { Cipher } from "../../src/core/cipher.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Logger } from "../../src/core/logger.ts";
import { digestApiKey } from "../../src/domain/api-key.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import type { KeyRow } from "../../src/storage/ports/keys.ts";
import type { Storage } from "../../src/storage/ports/storage.ts";

export const adminToken = "sk-hg-administrator-of-the-tests";

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
  text: string;
}

export interface CallOptions {
  /** Null: none. Default: the administrator's. */
  token?: string | null;
  headers?: Record<string, string>;
  /** Sent as it is, in place of a JSON body. */
  raw?: string;
}

export interface AdminApiUnderTest {
  /** `http://127.0.0.1:port/admin/api/v1`. */
  url: string;
  storage: Storage;
  cipher: Cipher;
  dataDir: string;
  /** What was published, in order: `key <id>`, `routing`, `schedule`, or `people <user id>… groups`. */
  published: string[];
  /** Every line that was logged, as JSON. */
  logged: string[];
  /** Takes the database away, or gives it back. */
  setDatabase(present: boolean): void;
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export const systemOfTests: SystemView = {
  version: "0.0.0",
  node: process.version,
  started_at: "2026-01-01T00:00:00.000Z",
  uptime_seconds: 1,
  status: "ok",
  reasons: [],
  snapshot: null,
  spool: { backlog_bytes: 0, accepting: true, failure: null, unrecorded_attempts: 0 },
  database: { engine: "sqlite", state: "ok", since: null, detail: null },
  redis: null,
  allowances: { authority: "memory", degraded_since: null },
  replicas: [],
  processes: [],
  manifests: [],
  backup: null,
  warnings: [],
  prices: { name: "@pydantic/genai-prices", version: "0.0.0", date: "2026-01-01", unpriced_models: 0 },
};

/** Tokens: `adminToken`, keys of the database by their digest, `expired-token`; the rest is unknown. */
export async function startAdminApi(
  overrides: Partial<AdminDeps> = {},
  moreRoutes: Parameters<typeof createAdminApi>[1] = [],
): Promise<AdminApiUnderTest> {
  const dataDir = await mkdtemp(join(tmpdir(), "headgate-admin-"));
  const storage = await openStorage({ databaseUrl: null, dataDir });
  await storage.migrate();
  const cipher = new Cipher("a secret key of 32 characters or more");
  const published: string[] = [];
  const logged: string[] = [];
  const scopesByDigest = new Map<string, KeyRow>();
  let present = true;
  const log = linesInto(logged);
  const exports = createExportRuns({ storage: () => (present ? storage : null), dataDir, clock: systemClock, log });
  const deps: AdminDeps = {
    synchronizer: createSynchronizer({
      storage,
      cipher,
      clock: systemClock,
      log,
      onChanged: async () => void published.push("routing"),
    }),
    schedule: { refresh: async () => void published.push("schedule") },
    exports,
    storage: () => (present ? storage : null),
    cipher,
    publisher: {
      async keyChanged(id) {
        published.push(`key ${id}`);
        const key = await storage.keys.get(id);
        if (key !== null) scopesByDigest.set(key.digest, key);
      },
      async routingChanged() {
        published.push("routing");
      },
      async peopleChanged({ userIds, groupsChanged }) {
        published.push(["people", ...userIds, ...(groupsChanged ? ["groups"] : [])].join(" "));
      },
    },
    authenticate(token) {
      if (token === adminToken) return { kind: "admin", keyId: null };
      if (token === "expired-token") return "expired";
      const key = scopesByDigest.get(digestApiKey(token));
      if (key === undefined) return "unknown";
      return (JSON.parse(key.scopes) as string[]).includes("admin")
        ? { kind: "admin", keyId: key.id, keyName: key.name, userId: key.user_id }
        : "not_admin";
    },
    system: () => systemOfTests,
    explain: () => null,
    usableModels: () => [],
    addressOf: () => "127.0.0.1",
    isSecure: () => false,
    clock: systemClock,
    log,
    publicUrl: null,
    ...overrides,
  };
  const api = await createAdminApi(deps, moreRoutes);
  const server = createServer((request, response) => api.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin/api/v1`;
  return {
    url,
    storage,
    cipher,
    dataDir,
    published,
    logged,
    setDatabase: (value) => {
      present = value;
    },
    call: (method, path, body, options = {}) => call(url, method, path, body, options),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await api.close();
      await exports.stop();
      await storage.close();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
    },
  };
}

function linesInto(lines: string[]): Logger {
  const write = (fields: object, message: string): void => void lines.push(JSON.stringify({ ...fields, message }));
  return { debug: write, info: write, warn: write, error: write };
}

async function call(base: string, method: string, path: string, body: unknown, options: CallOptions): Promise<Answer> {
  const token = options.token === undefined ? adminToken : options.token;
  const sent = options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(base + path, {
    method,
    redirect: "manual",
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(sent === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(sent === undefined ? {} : { body: sent }),
  });
  const text = await response.text();
  const isJson = response.headers.get("content-type")?.includes("json") === true;
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null };
}
