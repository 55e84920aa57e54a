// Starts a whole Headgate in this process, on real sockets with a database of its own, as a caller and an administrator see it.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { type App, createApp } from "../../src/app.ts";
import { loadConfig } from "../../src/config/load.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { Secret } from "../../src/core/secret.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { createAppOfProcesses, workersOfTests } from "./headgate-of-processes.ts";
import { freePort } from "./own-port.ts";

export interface HeadgateOptions {
  /** Merged over the test's defaults, shaped like the YAML file. */
  config?: Record<string, unknown>;
  env?: Record<string, string>;
  /** To start again on the data of an earlier one. */
  dataDir?: string;
  logLevel?: "debug" | "info" | "warn" | "error";
  /** Default: the machine's own. */
  clock?: Clock;
  /** Where the built dashboard is; default: beside the program. */
  dashboardDir?: string;
  /** Where tests run with workers, no more of them than this: what calls teach about endpoints, each worker learns for itself. */
  workersMax?: number;
}

export interface AdminAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
  headers: Headers;
}

export interface Headgate {
  url: string;
  adminToken: string;
  /** Makes the first administrator; null: there is one. */
  setupLink: string | null;
  dataDir: string;
  app: Pick<App, "start" | "drain" | "stop">;
  /** Everything logged so far, one JSON line each. */
  logText(): string;
  admin(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<AdminAnswer>;
  /** A new key that may do inference with everything, unless `body` says otherwise. */
  createKey(body?: Record<string, unknown>): Promise<string>;
  // biome-ignore lint/suspicious/noExplicitAny: the created endpoint as JSON
  addEndpoint(body: Record<string, unknown>): Promise<any>;
  /** Polls until `check` returns something truthy; throws after ten seconds. */
  eventually<T>(check: () => Promise<T | undefined | null | false>): Promise<T>;
  /** Stops; the data folder goes too unless it was given. */
  stop(): Promise<void>;
}

export const testAdminToken = "test-administrator-token-0123456789";
export const testSecretKey = "test-secret-key-of-more-than-32-characters";

export async function startHeadgate(options: HeadgateOptions = {}): Promise<Headgate> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), "headgate-test-")));
  const lines: string[] = [];
  const log = createLogger({
    level: options.logLevel ?? "debug",
    destination: { write: (line: string) => void lines.push(line) },
  });
  const given = options.config ?? {};
  const { clock = systemClock, dashboardDir, workersMax = Number.POSITIVE_INFINITY } = options;
  // A clock of the test's own reaches this process alone.
  const workers = options.clock === undefined && dashboardDir === undefined ? Math.min(workersOfTests(), workersMax) : 0;
  // Workers listen a while after a free port was found for 0: another test may have it by then.
  const port = workers === 0 ? 0 : await freePort();
  const server = { host: "127.0.0.1", port, drain_timeout: "5s", ...(given.server as object | undefined) };
  const configPath = join(dataDir, "headgate.yaml");
  await writeFile(configPath, stringify({ ...given, server }));
  const { config, warnings } = loadConfig({
    overrides: { config: configPath, dataDir },
    env: { HEADGATE_ADMIN_TOKEN: testAdminToken, HEADGATE_SECRET_KEY: testSecretKey, ...options.env },
    cwd: dataDir,
  });
  const secretKey = new Secret(options.env?.HEADGATE_SECRET_KEY ?? testSecretKey);
  const app =
    workers === 0
      ? createApp({ config, dataDir, secretKey, log, warnings, clock, ...(dashboardDir !== undefined && { dashboardDir }) })
      : createAppOfProcesses({
          workers,
          configPath,
          dataDir,
          env: { HEADGATE_ADMIN_TOKEN: testAdminToken, HEADGATE_SECRET_KEY: testSecretKey, ...options.env },
          logLevel: options.logLevel ?? "debug",
          onLog: (text) => void lines.push(text),
        });
  const started = await app.start();

  const admin = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<AdminAnswer> => {
    const response = await fetch(`${started.adminUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${testAdminToken}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
  };
  const created = async (path: string, body: unknown) => {
    const answer = await admin("POST", path, body);
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return {
    url: started.url,
    adminToken: testAdminToken,
    setupLink: started.setupLink,
    dataDir,
    app,
    logText: () => lines.join(""),
    admin,
    createKey: async (body = {}) => (await created("/keys", { name: "test", ...body })).key as string,
    addEndpoint: (body) => created("/endpoints", body),
    eventually,
    async stop() {
      await app.stop();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

/** Polls until `check` returns something truthy; throws after ten seconds. */
export async function eventually<T>(check: () => Promise<T | undefined | null | false>): Promise<T> {
  const deadlineMs = Date.now() + 10_000;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > deadlineMs) throw new Error("it did not happen within ten seconds");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
