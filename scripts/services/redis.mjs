// Throwaway Redis servers for the tests: finds or installs the program, runs a server in a temporary folder, removes it.
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findOrInstall } from "./apt.mjs";
import { freePort, untilReady } from "./throwaway-server.mjs";

/** The path of `redis-server` (or `valkey-server`) on PATH, or null. */
export function findRedis() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = ["redis-server", "valkey-server"].flatMap((program) => folders.map((folder) => join(folder, program)));
  return candidates.find(isProgram) ?? null;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Its path, after an installation with apt-get where need be. Throws an error that says exactly what is missing. */
export function installRedis({ log } = {}) {
  return findOrInstall({
    name: "Redis",
    programs: "program `redis-server` or `valkey-server` on PATH",
    packageName: "redis-server",
    find: findRedis,
    log,
  });
}

/**
 * Starts a server of its own on a free port of 127.0.0.1. `stop` and `start` rehearse outages: with `keepsData` it comes back with what it
 * had, without it comes back empty. `pause` freezes it (connections stay, nothing answers) until `resume`. `destroy` removes everything.
 */
export async function startRedis({ keepsData = false, password, log = () => {} } = {}) {
  const program = findRedis();
  if (program === null)
    throw new Error("Redis is not installed: apt-get install redis-server, or run `npm test`, which does it.");
  const home = await mkdtemp(join(tmpdir(), "headgate-redis-"));
  const port = await freePort();
  let server = null;
  const watchdog = startWatchdog(home);

  async function start() {
    if (server !== null) return;
    const settings = {
      bind: "127.0.0.1",
      port: String(port),
      dir: home,
      daemonize: "no",
      pidfile: join(home, "redis.pid"),
      save: "",
      appendonly: keepsData ? "yes" : "no",
      appendfsync: "no",
      ...(password === undefined ? {} : { requirepass: password }),
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
    // Detached: Ctrl-C goes to the whole group, and would end the server under tests that are still stopping.
    const child = spawn(program, flags, { cwd: home, stdio: ["ignore", "pipe", "pipe"], detached: true });
    server = child;
    child.once("exit", () => {
      if (server === child) server = null;
    });
    await untilReady(child, { sign: "Ready to accept connections", log, readyTimeoutMs: 30_000 });
    // The server must not keep a test run alive that forgot to stop it; the watchdog ends it then.
    child.unref();
    child.stdout.unref();
    child.stderr.unref();
  }

  /** `crash`: as `kill -9` does; else as an administrator would. */
  async function stop({ crash = false } = {}) {
    const child = server;
    if (child === null) return;
    child.ref();
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(crash ? "SIGKILL" : "SIGTERM");
    child.kill("SIGCONT");
    await exited;
  }

  /** Removes what it has on disk; it is stopped. */
  async function wipe() {
    await rm(join(home, "appendonlydir"), { recursive: true, force: true });
  }

  async function destroy() {
    await stop({ crash: true });
    await rm(home, { recursive: true, force: true });
    watchdog.end();
  }

  try {
    await start();
  } catch (error) {
    await destroy();
    throw new Error(`Redis did not start: ${error.message}`, { cause: error });
  }
  const credential = password === undefined ? "" : `:${encodeURIComponent(password)}@`;
  return {
    url: `redis://${credential}127.0.0.1:${port}`,
    port,
    stop,
    start,
    wipe,
    pause: () => server?.kill("SIGSTOP"),
    resume: () => server?.kill("SIGCONT"),
    destroy,
  };
}

/** A small shell that outlives this process, however it dies, ends the server and removes its folder. */
function startWatchdog(home) {
  const script = `cat >/dev/null
    if [ -f "$1/redis.pid" ]; then pid=$(cat "$1/redis.pid"); kill -KILL "$pid" 2>/dev/null; fi
    rm -rf "$1"`;
  const child = spawn("/bin/sh", ["-c", script, "watchdog", home], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    cwd: "/",
  });
  child.unref();
  child.stdin.unref();
  child.stdin.on("error", () => {});
  return { end: () => child.stdin.end() };
}
