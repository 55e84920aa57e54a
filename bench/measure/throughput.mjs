// Requests per second with one core's worth of proxy, and what a request costs of it.
import { closedLoop } from "../load/closed-loop.mjs";
import { cpuSeconds, mainThreadCpuSeconds } from "./process-usage.mjs";

/**
 * One round against one subject.
 * @param {import("../subjects/subject.mjs").Subject} subject
 */
export async function measureThroughput(subject, { connections, throughputSeconds }) {
  const before = cpuSeconds(subject.pid);
  const mainBefore = mainThreadCpuSeconds(subject.pid);
  const { requests, seconds } = await closedLoop(subject, { connections, seconds: throughputSeconds });
  const loadEndedAt = performance.now();
  const busy = cpuSeconds(subject.pid);
  await subject.settled();
  const settledAfterMs = performance.now() - loadEndedAt;
  const after = cpuSeconds(subject.pid);
  const mainAfter = mainThreadCpuSeconds(subject.pid);
  const cpu = before === null || after === null ? null : after - before;
  return {
    requestsPerSecond: requests / seconds,
    /** 1 = one core, fully. Below about 0.95 it was not the proxy that limited. */
    cpuShare: cpu === null ? null : (busy - before) / seconds,
    /** With what was done for them after the last answer. */
    cpuMicrosPerRequest: cpu === null ? null : (cpu * 1e6) / requests,
    mainThreadMicrosPerRequest: cpu === null ? null : ((mainAfter - mainBefore) * 1e6) / requests,
    settledAfterMs,
  };
}
