// Which process runs on which core: the proxy under test has core 0 to itself, everything else is on core 1.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";

export const proxyCore = 0;
export const loadCore = 1;

const taskset = "taskset";

/** False where processes can't be pinned (no taskset, one core): the figures then say less. */
export const canPin = availableParallelism() >= 2 && spawnSync(taskset, ["--version"]).status === 0;

/**
 * A command line that runs `command` on one core.
 * @param {number} core
 * @param {string[]} command
 */
export function onCore(core, command) {
  return canPin ? [taskset, "-c", String(core), ...command] : command;
}

/** Moves this process, with all its threads, to `core`. */
export function moveSelfTo(core) {
  if (canPin) spawnSync(taskset, ["-a", "-c", "-p", String(core), String(process.pid)]);
}
