// How many files and sockets a process here may have open.
import { spawnSync } from "node:child_process";

/** For files, modules' handles and connections between the parts of a benchmark. */
const reserve = 200;

/** The hard limit; Node.js raises its own to that. Tries for 65,536, which takes the right to. */
export function fileLimit() {
  spawnSync("prlimit", ["--pid", String(process.pid), "--nofile=65536:65536"]);
  const text = spawnSync("sh", ["-c", "ulimit -Hn"]).stdout?.toString().trim();
  return text === "unlimited" ? 1_048_576 : Number(text) || 4096;
}

/**
 * The most streams that fit: the proxy has a connection to each caller and one to the provider for each.
 * @param {number} wanted
 * @param {{ pid: number | null, workers: number }} subject
 */
export function streamsThatFit(wanted, { pid, workers }) {
  const perProcess = fileLimit() - reserve;
  return Math.min(wanted, perProcess, pid === null ? perProcess : Math.floor(perProcess / 2) * Math.max(1, workers));
}
