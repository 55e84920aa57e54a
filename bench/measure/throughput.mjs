// Requests per second with one core's worth of proxy, and what a request costs of it.
import { closedLoop } from "../load/closed-loop.mjs";
import { cpuSeconds, mainThreadCpuSeconds } from "./process-usage.mjs";

/**
 * One round against one subject.
 * @param {import("../subjects/subject.mjs").Subject} subject
 */
export async function measureThroughput(subject, { connections, throughputSeconds }) {
  const before = usage(subject);
  const { requests, seconds } = await closedLoop(subject, { connections, seconds: throughputSeconds });
  const loaded = usage(subject);
  const loadEndedAt = performance.now();
  await subject.settled();
  const settledAfterMs = performance.now() - loadEndedAt;
  const settled = usage(subject);
  const round = { requestsPerSecond: requests / seconds, settledAfterMs };
  if (before === null) return round;
  return {
    ...round,
    /** 1 = one core, fully. Below about 0.95 it was not the proxy that limited. */
    cpuShare: (loaded.cpu - before.cpu) / seconds,
    /** With what was done for them after the last answer. */
    cpuMicrosPerRequest: ((settled.cpu - before.cpu) * 1e6) / requests,
    mainThreadMicrosPerRequest: ((settled.main - before.main) * 1e6) / requests,
  };
}

function usage({ pid }) {
  const cpu = cpuSeconds(pid);
  return cpu === null ? null : { cpu, main: mainThreadCpuSeconds(pid) };
}
