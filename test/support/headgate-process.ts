// Headgate as people run it: a process of its own (`node dist/main.js start`), to be signalled, killed and started again.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { eventually } from "./eventually.ts";
import { workersOfTests } from "./headgate-of-processes.ts";
import type { LooseJson } from "./loose-json.ts";
import { freePort } from "./own-port.ts";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const startTimeoutMs = 20_000;
const running = new Set<ChildProcess>();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

export const processAdminToken = "administrator-token-of-a-test-0123456789";
export const processSecretKey = "secret-key-of-a-test-longer-than-32-characters";

/** A folder that outlives a process: config file and data. */
export interface Home {
  path: string;
  dataDir: string;
  configPath: string;
  remove(): Promise<void>;
}

export async function createHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), "headgate-test-"));
  return {
    path,
    dataDir: join(path, "data"),
    configPath: join(path, "headgate.yaml"),
    // A process of it that is just ending may still write there.
    remove: () => rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  };
}

export interface ProcessOptions {
  home: Home;
  /** Written to the config file, over the test's defaults; left out: the file stays as it is. */
  config?: Record<string, unknown>;
  /** Over the test's defaults; undefined unsets. Nothing of the test's own environment but PATH is passed on. */
  env?: Record<string, string | undefined>;
  /** Which Node.js runs it; default: the test's own. */
  execPath?: string;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface AdminReply {
  status: number;
  body: LooseJson;
  text: string;
  headers: Headers;
}

export class HeadgateProcess {
  /** Known once it is ready. */
  url = "";
  readonly home: Home;
  readonly exited: Promise<Exit>;
  /** Null while it runs. */
  exit: Exit | null = null;
  stdout = "";
  stderr = "";
  readonly #child: ChildProcess;

  constructor(home: Home, child: ChildProcess) {
    this.home = home;
    this.#child = child;
    running.add(child);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.exited = new Promise((resolve) => {
      // "close", not "exit": all that it said has been read by then
      child.once("close", (code, signal) => {
        running.delete(child);
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** All that it has said so far. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  /** Those of its workers and of control, and its own. */
  get pids(): number[] {
    return [this.pid, ...childrenOf(this.pid)];
  }

  /** Sends a signal and waits for the end. SIGKILL: to all of its processes, as a machine that loses its power. */
  kill(signal: NodeJS.Signals = "SIGKILL"): Promise<Exit> {
    // The others first: without the one that was started they would end in good order.
    for (const pid of signal === "SIGKILL" && this.exit === null ? childrenOf(this.pid) : []) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has just ended.
      }
    }
    this.signal(signal);
    return this.exited;
  }

  /** Sends a signal. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Answers of the admin API; throws when nothing answers. */
  async admin(method: string, path: string, body?: unknown, token = processAdminToken): Promise<AdminReply> {
    const response = await fetch(`${this.url}/admin/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text), text, headers: response.headers };
  }

  /** `GET /readyz`. */
  async readiness(): Promise<{ status: number; body: LooseJson }> {
    const response = await fetch(`${this.url}/readyz`);
    return { status: response.status, body: await response.json() };
  }
}

/** The processes that `pid` has started and that still run. */
function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${child}/status`, "utf8"))?.[1]) === pid;
      } catch {
        // It has just ended.
        return false;
      }
    });
}

/** Starts Headgate on a free port; resolves when `/readyz` says 200. Kill it in the end. */
export async function startHeadgateProcess(options: ProcessOptions): Promise<HeadgateProcess> {
  const headgate = await spawnHeadgate(["start"], options);
  try {
    await eventually(() => headgate.exit !== null || /is ready at \S+\s/.test(headgate.stdout), { timeoutMs: startTimeoutMs });
    headgate.url = /is ready at (\S+)\s/.exec(headgate.stdout)?.[1] ?? "";
    if (headgate.url === "") throw new Error("it ended");
    await eventually(async () => (await headgate.readiness()).status === 200, { timeoutMs: startTimeoutMs });
    return headgate;
  } catch (cause) {
    await headgate.kill();
    throw new Error(`headgate start failed: ${JSON.stringify(headgate.exit)}\n${headgate.output}`, { cause });
  }
}

/** Runs a command that ends by itself. */
export async function runHeadgate(args: readonly string[], options: ProcessOptions): Promise<HeadgateProcess & { exit: Exit }> {
  const headgate = await spawnHeadgate(args, options);
  const timer = setTimeout(() => headgate.signal("SIGKILL"), startTimeoutMs);
  await headgate.exited;
  clearTimeout(timer);
  return headgate as HeadgateProcess & { exit: Exit };
}

async function spawnHeadgate(args: readonly string[], options: ProcessOptions): Promise<HeadgateProcess> {
  const { home, config, env = {}, execPath = process.execPath } = options;
  if (!existsSync(program)) throw new Error("dist/main.js is missing: npm run build");
  if (config !== undefined || !existsSync(home.configPath)) {
    const server = { host: "127.0.0.1", port: 0, ...(config?.server as object | undefined) };
    await writeFile(home.configPath, stringify({ ...config, server }));
  }
  const defaults = {
    HEADGATE_ADMIN_TOKEN: processAdminToken,
    HEADGATE_SECRET_KEY: processSecretKey,
    HEADGATE_WORKERS: String(workersOfTests()),
  };
  const isOfWorkers = args[0] === "start" && (env.HEADGATE_WORKERS ?? defaults.HEADGATE_WORKERS) !== "0";
  const ownPort = isOfWorkers && parse(await readFile(home.configPath, "utf8"))?.server?.port === 0 ? await freePort() : null;
  const child = spawn(execPath, [program, ...args, "--config", home.configPath, "--data-dir", home.dataDir], {
    cwd: home.path,
    // Workers listen a while after a free port was found for 0: another test may have it by then.
    env: { PATH: process.env.PATH, ...defaults, ...(ownPort !== null && { HEADGATE_PORT: String(ownPort) }), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new HeadgateProcess(home, child);
}
