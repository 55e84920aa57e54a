// CPU and memory of a process and of those that it started, from /proc; null where there is none.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

const hasProc = existsSync("/proc/self/stat");
const ticksPerSecond = hasProc ? Number(spawnSync("getconf", ["CLK_TCK"]).stdout?.toString()) || 100 : 100;

/**
 * CPU seconds, user and system, that `pid` and its descendants, living and dead, have used so far in all of their threads (proc(5), fields
 * 14 to 17; steps of 10 ms each).
 * @param {number | null} pid
 */
export function cpuSeconds(pid) {
  return sumOverTree(pid, (each) => readCpu(`/proc/${each}/stat`, true));
}

/** The same for the first thread of each, which in Node.js runs the program's own code. */
export function mainThreadCpuSeconds(pid) {
  return sumOverTree(pid, (each) => readCpu(`/proc/${each}/task/${each}/stat`, false));
}

function sumOverTree(pid, read) {
  return pid === null || !hasProc ? null : processTree(pid).reduce((sum, each) => sum + read(each), 0);
}

/**
 * Seconds that the first thread of `pid` was on its core so far, and that it could have been but something else was
 * (proc(5), schedstat); zeros where the kernel doesn't say.
 * @param {number | null} pid
 */
export function mainThreadSchedule(pid) {
  if (pid === null || !hasProc) return null;
  const path = `/proc/${pid}/task/${pid}/schedstat`;
  if (!existsSync(path)) return null;
  const [ranNs, waitedNs] = readFileSync(path, "utf8").split(" ").map(Number);
  return { ranSeconds: ranNs / 1e9, waitedSeconds: waitedNs / 1e9 };
}

/** CPU seconds that were used on `core` so far, by whomever; what the hypervisor gave to others (`steal`) is in it. @param {string} core */
export function coreSeconds(core) {
  if (!hasProc) return null;
  const line = new RegExp(`^cpu${core} (.*)$`, "m").exec(readFileSync("/proc/stat", "utf8"))?.[1];
  if (line === undefined) return null;
  const [user, nice, system, , , irq, softirq, steal] = line.split(" ").map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}

/** 0 for a process that has ended meanwhile: its parent has its time then. */
function readCpu(path, withDead) {
  const fields = statFields(path);
  if (fields === null) return 0;
  const ticks = withDead ? fields.slice(11, 15) : fields.slice(11, 13);
  return ticks.reduce((sum, each) => sum + Number(each), 0) / ticksPerSecond;
}

/** What follows the name, which is in brackets and may hold anything; field 3 of proc(5) is first. */
function statFields(path) {
  const stat = readIfThere(path);
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** `pid` and all that it, or one of them, has started; parents before children. @param {number} pid */
export function processTree(pid) {
  const childrenOf = new Map();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = Number(statFields(`/proc/${name}/stat`)?.[1]);
    childrenOf.set(parent, [...(childrenOf.get(parent) ?? []), Number(name)]);
  }
  const tree = [pid];
  for (const each of tree) tree.push(...(childrenOf.get(each) ?? []));
  return tree;
}

/**
 * @typedef {object} ProcessMemory in MB (10⁶ bytes)
 * @property {"alone" | "supervisor" | "control" | "worker"} role
 * @property {number} rss resident now
 * @property {number} pss the same, with pages that several processes share counted in parts
 * @property {number} peak the most that was ever resident
 */

/**
 * Resident memory of `pid` and its descendants, each.
 * @param {number | null} pid
 * @returns {ProcessMemory[] | null}
 */
export function memoryOf(pid) {
  if (pid === null || !hasProc) return null;
  const tree = processTree(pid);
  return tree.map((each, index) => {
    const status = readIfThere(`/proc/${each}/status`) ?? "";
    const rss = megabytes(status, "VmRSS");
    const pss = megabytes(readIfThere(`/proc/${each}/smaps_rollup`) ?? "", "Pss");
    return { role: roleOf(each, index, tree), rss, pss: pss || rss, peak: megabytes(status, "VmHWM") };
  });
}

function megabytes(text, name) {
  return (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) * 1024) / 1e6;
}

/** Workers are told apart by what node:cluster puts into their environment. */
function roleOf(pid, index, tree) {
  if (tree.length === 1) return "alone";
  if (index === 0) return "supervisor";
  return (readIfThere(`/proc/${pid}/environ`) ?? "").includes("NODE_UNIQUE_ID=") ? "worker" : "control";
}

/** What they have together. @param {ProcessMemory[]} processes */
export function totalMemory(processes) {
  const sum = (name) => processes.reduce((total, each) => total + each[name], 0);
  return { rss: sum("rss"), pss: sum("pss"), peak: sum("peak") };
}
