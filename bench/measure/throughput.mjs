// Requests per second with one core's worth of proxy, and what a request costs of it.
import { largeCompletionBody } from "../load/answers.mjs";
import { closedLoop } from "../load/closed-loop.mjs";
import { largeRequest } from "../load/requests.mjs";
import { percentile } from "../report/statistics.mjs";
import { cpuSeconds, mainThreadCpuSeconds } from "./process-usage.mjs";

/**
 * One round of small requests against one subject.
 * @param {import("../subjects/subject.mjs").Subject} subject
 */
export function measureThroughput(subject, { connections, throughputSeconds }) {
  return measureClosedLoop(subject, { connections, seconds: throughputSeconds });
}

/** The same with requests and answers of 100 kB. @param {import("../subjects/subject.mjs").Subject} subject */
export function measureLarge(subject, { largeConnections, largeSeconds }) {
  const requests = [largeRequest(subject)];
  return measureClosedLoop(subject, {
    connections: largeConnections,
    seconds: largeSeconds,
    requests,
    expected: largeCompletionBody,
  });
}

/**
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {Parameters<typeof closedLoop>[1]} load
 */
export async function measureClosedLoop(subject, load) {
  const latenciesMs = [];
  await subject.eventLoopDelay?.();
  const ownBefore = process.cpuUsage();
  const before = usage(subject);
  const { requests, failures, seconds } = await closedLoop(subject, { ...load, latenciesMs });
  const loaded = usage(subject);
  const own = process.cpuUsage(ownBefore);
  const loadEndedAt = performance.now();
  const eventLoopDelayMs = await subject.eventLoopDelay?.();
  await subject.settled();
  const settledAfterMs = performance.now() - loadEndedAt;
  const settled = usage(subject);
  const round = {
    requestsPerSecond: requests / seconds,
    failures,
    settledAfterMs,
    eventLoopDelayMs,
    loadedP50Ms: percentile(latenciesMs, 0.5),
    loadedP99Ms: percentile(latenciesMs, 0.99),
    /** What the load generator itself took, of its core. */
    generatorMicrosPerRequest: (own.user + own.system) / requests,
  };
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
