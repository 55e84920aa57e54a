// Starts a process of the benchmark on its core and waits until it listens.
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { onCore } from "./cores.mjs";

const startTimeoutMs = 120_000;

/** What this process has started and what has not ended; it goes with it. */
const running = new Set();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * @typedef {object} Started
 * @property {number} pid
 * @property {number} port what its "ready at http://…" line says; 0 when it was not waited for
 * @property {() => Promise<void>} stop ends it with SIGTERM, with SIGKILL after a minute
 */

/**
 * Runs `command` on `core`, standard error going to the file `logPath`.
 * @param {{ name: string, command: string[], core: string, logPath: string, env?: NodeJS.ProcessEnv, saysReady?: boolean }} options
 * @returns {Promise<Started>}
 */
export async function startProcess({ name, command, core, logPath, env = process.env, saysReady = true }) {
  const log = openSync(logPath, "a");
  const [file, ...args] = onCore(core, command);
  const child = spawn(file, args, { env, stdio: ["pipe", "pipe", log] });
  closeSync(log);
  child.stdin.on("error", () => {}); // it may end first
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const lastWords = () => readFileSync(logPath, "utf8").slice(-2000);
  const failed = new Promise((_, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${name} ended (${code}):\n${lastWords()}`)));
  });
  failed.catch(() => {});
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.kill("SIGTERM");
    await exited;
    clearTimeout(timer);
  };
  running.add(child);
  child.once("exit", () => running.delete(child));
  try {
    const port = saysReady ? await Promise.race([readyPort(child.stdout, name), failed]) : 0;
    child.stdout.resume();
    return { pid: child.pid, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function readyPort(stdout, name) {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => reject(new Error(`${name} was not ready after ${startTimeoutMs / 1000} s`)), startTimeoutMs);
    stdout.on("data", function read(data) {
      text += data;
      const found = /ready at http:\/\/[^\s/]+:(\d+)/.exec(text);
      if (found === null) return;
      clearTimeout(timer);
      stdout.off("data", read);
      resolve(Number(found[1]));
    });
  });
}
