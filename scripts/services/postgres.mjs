// Throwaway PostgreSQL servers for the tests: finds or installs the program, runs a server in a temporary folder, removes it.
import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { findOrInstall } from "./apt.mjs";
import { freePort, untilReady } from "./throwaway-server.mjs";

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;

/** The newest installed PostgreSQL's directory of programs, or null. */
export function findPostgres() {
  const onPath = (process.env.PATH ?? "").split(delimiter);
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const candidates = [...onPath.filter((dir) => dir !== ""), ...versions.map((version) => join(debian, version, "bin"))];
  return candidates.find((dir) => ["postgres", "initdb"].every((program) => existsSync(join(dir, program)))) ?? null;
}

/** Its directory of programs, after an installation with apt-get where need be. Throws an error that says exactly what is missing. */
export function installPostgres({ log } = {}) {
  return findOrInstall({
    name: "PostgreSQL",
    programs: "programs `postgres` and `initdb`, on PATH or in /usr/lib/postgresql/*/bin",
    packageName: "postgresql",
    find: findPostgres,
    log,
  });
}

/**
 * Starts a server of its own on a free port of 127.0.0.1, without passwords and without fsync: its data is meant to be
 * thrown away. `stop` and `start` keep data and URL, so that outages can be rehearsed; `destroy` removes everything.
 */
export async function startPostgres({ log = () => {} } = {}) {
  const binDir = findPostgres();
  if (binDir === null)
    throw new Error("PostgreSQL is not installed: apt-get install postgresql, or run `npm test`, which does it.");
  const account = isRoot ? postgresAccount() : {};
  const home = await mkdtemp(join(tmpdir(), "headgate-postgres-"));
  if (isRoot) await chown(home, account.uid, account.gid);
  const dataDir = join(home, "data");
  const port = await freePort();
  // LC_ALL=C: the line that says the server is ready is awaited in English.
  const childOptions = { ...account, cwd: home, env: { PATH: process.env.PATH, LC_ALL: "C", TZ: "UTC" } };
  const watchdog = startWatchdog(dataDir, home);
  let server = null;

  async function start() {
    if (server !== null) return;
    const settings = {
      listen_addresses: "127.0.0.1",
      unix_socket_directories: home,
      port: String(port),
      fsync: "off",
      full_page_writes: "off",
      max_connections: "200",
      shared_buffers: "32MB",
      logging_collector: "off",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(join(binDir, "postgres"), ["-D", dataDir, ...flags], {
      ...childOptions,
      stdio: ["ignore", "ignore", "pipe"],
      detached: true, // Ctrl-C goes to the whole group, and would end the server under tests that are still stopping
    });
    server = child;
    child.once("exit", () => {
      if (server === child) server = null;
    });
    await untilReady(child, { sign: "database system is ready to accept connections", log, readyTimeoutMs: 60_000 });
    // The server must not keep a test run alive that forgot to stop it; the watchdog ends it then.
    child.unref();
    child.stderr.unref();
  }

  /** `fast`: as an administrator would; `immediate`: as a crash would. */
  async function stop(mode = "fast") {
    const child = server;
    if (child === null) return;
    child.ref();
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill(mode === "immediate" ? "SIGQUIT" : "SIGINT");
    await exited;
  }

  async function destroy() {
    await stop("immediate");
    await rm(home, { recursive: true, force: true });
    watchdog.end();
  }

  try {
    const initdb = ["-D", dataDir, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"];
    await run(join(binDir, "initdb"), initdb, childOptions);
    await start();
  } catch (error) {
    await destroy();
    throw new Error(`PostgreSQL did not start: ${String(error.stderr || error.message).trim()}`, { cause: error });
  }
  return { url: `postgres://postgres@127.0.0.1:${port}/postgres`, port, dataDir, stop, start, destroy };
}

/** PostgreSQL refuses to run as root; its package makes this account. */
function postgresAccount() {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith("postgres:"));
  if (line === undefined)
    throw new Error("PostgreSQL can't run as root, and there is no account `postgres`: adduser --system postgres");
  const [, , uid, gid] = line.split(":");
  return { uid: Number(uid), gid: Number(gid) };
}

/** A small shell that outlives this process, however it dies, ends the server and removes its folder. */
function startWatchdog(dataDir, home) {
  const script = `cat >/dev/null
    if [ -f "$1/postmaster.pid" ]; then
      pid=$(head -n 1 "$1/postmaster.pid"); kill -QUIT "$pid" 2>/dev/null
      for wait in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.5; done
    fi
    rm -rf "$2"`;
  const child = spawn("/bin/sh", ["-c", script, "watchdog", dataDir, home], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true, // for the same reason
    cwd: "/",
  });
  child.unref();
  child.stdin.unref();
  child.stdin.on("error", () => {});
  return { end: () => child.stdin.end() };
}
