// Lets a thread, or a process, give way: calls that are under way elsewhere go before what it does.
import { readdirSync, readlinkSync } from "node:fs";
import { setPriority } from "node:os";

/** Of the nice values: a thread with it gets a tenth of a core that one with 0 wants as well, and all of it when nobody does. */
const behindCalls = 10;
/** The same with a quarter of a core: enough for the ledger's thread to keep up with calls that take all of the rest. */
const besideCalls = 5;

/**
 * Puts the thread that runs this, and those it starts from then on, behind the process's others. On Linux priorities belong to threads,
 * and `/proc` has this one's id; elsewhere they belong to whole processes, and nothing happens. Nor does it where `/proc` is closed or
 * lowering is not allowed: it only makes calls smoother where a core has too much to do. Not for the ledger's thread, which has to keep
 * up with calls that take all of a core.
 */
export function giveWay(): void {
  if (process.platform !== "linux") return;
  try {
    // "<process>/task/<thread>"; other numbers than this process's own are of a `/proc` that is not meant for it.
    const [processId, , threadId] = readlinkSync("/proc/thread-self").split("/").map(Number);
    if (processId === process.pid && threadId !== undefined && threadId !== processId) setPriority(threadId, behindCalls);
  } catch {
    // as said above
  }
}

/**
 * Puts this process's threads, and those that they start from then on, behind the workers': a page of the dashboard may wait a
 * moment longer, a call may not. Nothing happens where `giveWay` would do nothing.
 */
export function giveWayToWorkers(): void {
  if (process.platform !== "linux") return;
  try {
    if (Number(readlinkSync("/proc/self")) !== process.pid) return;
    for (const threadId of readdirSync("/proc/self/task")) setPriority(Number(threadId), besideCalls);
  } catch {
    // as said above; or a thread has just ended
  }
}
