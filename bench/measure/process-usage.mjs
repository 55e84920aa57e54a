// CPU and memory of a process, from /proc; null where there is none.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const hasProc = existsSync("/proc/self/stat");
const ticksPerSecond = hasProc ? Number(spawnSync("getconf", ["CLK_TCK"]).stdout?.toString()) || 100 : 100;

/**
 * CPU seconds, user and system, that all threads of `pid` have used so far (proc(5), fields 14 and 15; steps of 10 ms).
 * @param {number | null} pid
 */
export function cpuSeconds(pid) {
  return pid === null ? null : readCpu(`/proc/${pid}/stat`);
}

/** The same for its first thread alone, which in Node.js runs the program's own code. */
export function mainThreadCpuSeconds(pid) {
  return pid === null ? null : readCpu(`/proc/${pid}/task/${pid}/stat`);
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

/** CPU seconds that were used on `core` so far, by whomever; what the hypervisor gave to others (`steal`) is in it. @param {number} core */
export function coreSeconds(core) {
  if (!hasProc) return null;
  const line = new RegExp(`^cpu${core} (.*)$`, "m").exec(readFileSync("/proc/stat", "utf8"))?.[1];
  if (line === undefined) return null;
  const [user, nice, system, , , irq, softirq, steal] = line.split(" ").map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}

function readCpu(path) {
  if (!hasProc) return null;
  const stat = readFileSync(path, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name, in brackets, may hold anything; field 3 is first
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/**
 * Resident memory in MB (10⁶ bytes): now, and the most it ever was.
 * @param {number | null} pid
 */
export function memoryMb(pid) {
  if (pid === null || !hasProc) return null;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name) => (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}
