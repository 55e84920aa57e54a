// For tests of one process: the same as a supervisor with workers, when HEADGATE_TEST_WORKERS says so.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { App, Started } from "../../src/app.ts";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const startTimeoutMs = 30_000;
const stopTimeoutMs = 20_000;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** How many workers tests are to start; 0: everything in the test's own process. */
export function workersOfTests(): number {
  return Number(process.env.HEADGATE_TEST_WORKERS ?? 0);
}

export interface ProcessesOptions {
  workers: number;
  configPath: string;
  dataDir: string;
  env: Record<string, string>;
  logLevel: string;
  onLog: (text: string) => void;
}

export function createAppOfProcesses(options: ProcessesOptions): Pick<App, "start" | "drain" | "stop"> {
  let child: ChildProcess | null = null;
  const end = async () => {
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "close");
    child.kill("SIGTERM");
    const timer = setTimeout(() => child?.kill("SIGKILL"), stopTimeoutMs);
    await ended;
    clearTimeout(timer);
    running.delete(child);
  };
  return {
    async start(): Promise<Started> {
      const { configPath, dataDir, env, logLevel, onLog, workers } = options;
      child = spawn(process.execPath, [program, "start", "--config", configPath, "--data-dir", dataDir], {
        cwd: dataDir,
        env: { PATH: process.env.PATH, HEADGATE_WORKERS: String(workers), HEADGATE_LOG_LEVEL: logLevel, ...env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      running.add(child);
      let said = "";
      let told = "";
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        told += text;
        onLog(text);
      });
      const until = Date.now() + startTimeoutMs;
      while (!/is ready at \S+\n/.test(said)) {
        if (child.exitCode !== null || Date.now() > until) {
          await end();
          throw new Error(`it did not start: ${told}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const url = /is ready at (\S+)/.exec(said)?.[1] as string;
      return {
        url,
        adminUrl: `${url}/admin/api/v1`,
        adminToken: /shown this once:\n\n {2}(\S+)/.exec(said)?.[1] ?? null,
        setupLink: / {2}(http\S+\/setup#\S+)/.exec(said)?.[1] ?? null,
        metricsUrl: /Metrics: (\S+)/.exec(said)?.[1] ?? null,
      };
    },
    drain: end,
    stop: end,
  };
}
