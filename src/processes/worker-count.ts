// How many workers `server.workers: auto` is: as many as the machine, or what a container may have of it, can put to use.
import { readFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";

const workersMax = 4;
/** Resident, with some room for calls; the supervisor and control together count as one more. */
const bytesPerWorker = 192 * 1024 * 1024;

export interface Machine {
  cores: number;
  memoryBytes: number;
}

/** 0: everything in one process. */
export function workersOf(setting: "auto" | number, machine: Machine = thisMachine()): number {
  if (setting !== "auto") return setting;
  const { cores, memoryBytes } = machine;
  const count = Math.min(cores, workersMax, Math.floor(memoryBytes / bytesPerWorker) - 1);
  // One worker does no more than one process does alone.
  return count < 2 ? 0 : count;
}

function thisMachine(): Machine {
  const memoryBytes = process.constrainedMemory();
  return {
    cores: Math.min(availableParallelism(), quotaOfCores()),
    // 0, or more than there is: not constrained.
    memoryBytes: memoryBytes > 0 ? Math.min(memoryBytes, totalmem()) : totalmem(),
  };
}

/** What the control group allows, in whole cores; Node.js 20 does not heed it. */
function quotaOfCores(): number {
  try {
    return coresOf(readFileSync("/sys/fs/cgroup/cpu.max", "utf8"));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Of the words of `cpu.max`: microseconds of how many, or `max` of how many (cgroup-v2.rst). Exported for its test. */
export function coresOf(cpuMax: string): number {
  const [quota, period] = cpuMax.trim().split(" ").map(Number);
  const cores = (quota ?? Number.NaN) / (period ?? Number.NaN);
  return Number.isFinite(cores) && cores > 0 ? Math.max(1, Math.floor(cores)) : Number.POSITIVE_INFINITY;
}
