// Who waits for whom where cores are shared: what would have a machine of its own must not make callers wait, nor be waited for.
import { spawnSync } from "node:child_process";

const chrt = "chrt";

/**
 * Real-time scheduling for what measures and what stands in for a provider, with all their threads: they take little of a core, but the kernel lets
 * whoever has it finish a slice of some milliseconds first, which would be counted as the gateway's. Not for what they start later, such as the
 * gateway itself. For light loads only: one that never rests would keep others from its core.
 * @param {number[]} pids
 * @returns {(() => void) | null} takes it back; null where it is not allowed: the figures have the kernel's slices in them then
 */
export function goFirst(pids) {
  if (!pids.every((pid) => schedule(pid, 1, "--reset-on-fork", "--rr"))) return null;
  return () => pids.every((pid) => schedule(pid, 0, "--other"));
}

/**
 * Only what nobody else wants of a core, for what would be elsewhere; processes that it starts later inherit that.
 * @param {number} pid
 * @returns {boolean} false: not allowed here
 */
export function goLast(pid) {
  return schedule(pid, 0, "--idle");
}

function schedule(pid, priority, ...policy) {
  return spawnSync(chrt, ["--all-tasks", ...policy, "--pid", String(priority), String(pid)]).status === 0;
}
