// Memory, heap and event loop of every process of Headgate, from /proc and /metrics.
import { adminToken } from "../subjects/headgate.mjs";
import { memoryOf, totalMemory } from "./process-usage.mjs";

/**
 * @typedef {object} State MB are 10⁶ bytes
 * @property {import("./process-usage.mjs").ProcessMemory[]} processes
 * @property {number} residentMb of all together
 * @property {number | null} heapMb used of all together; null: /metrics does not say
 * @property {number | null} eventLoopMs the worst p99 since the last look
 */

/**
 * @param {import("../subjects/subject.mjs").Subject} headgate
 * @returns {Promise<State>}
 */
export async function processState({ pid, port }) {
  const processes = memoryOf(pid);
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { authorization: `Bearer ${adminToken}` } });
  const metrics = response.status === 200 ? await response.text() : "";
  const heaps = valuesOf(metrics, "nodejs_heap_size_used_bytes");
  const lags = valuesOf(metrics, "nodejs_eventloop_lag_p99_seconds");
  return {
    processes,
    residentMb: totalMemory(processes).rss,
    heapMb: heaps.length === 0 ? null : heaps.reduce((sum, bytes) => sum + bytes, 0) / 1e6,
    eventLoopMs: lags.length === 0 ? null : Math.max(...lags) * 1000,
  };
}

function valuesOf(metrics, name) {
  const values = [...metrics.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (.+)$`, "gm"))].map(([, value]) => Number(value));
  return values.filter((value) => !Number.isNaN(value));
}
