// Many streams side by side: what a chunk costs then, and how late it comes.
import { streams } from "../load/streams.mjs";
import { percentile } from "../report/statistics.mjs";
import { streamsThatFit } from "../setup/file-limit.mjs";
import { cpuSeconds, memoryOf, totalMemory } from "./process-usage.mjs";

/**
 * One round against one subject: each of the plan's numbers of streams in turn.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ concurrency: { streams: number, perSecond: number, seconds: number }[] }} plan
 * @returns {Promise<Record<string, object>>} by number of streams
 */
export async function measureConcurrency(subject, { concurrency }) {
  const results = {};
  for (const each of concurrency) results[each.streams] = await measureStreamsAtOnce(subject, each);
  return results;
}

/** Streams that have little to say: what each of them costs in memory. */
export function measureIdle(subject, { idle }) {
  return measureStreamsAtOnce(subject, { ...idle, streams: streamsThatFit(idle.streams, subject) });
}

async function measureStreamsAtOnce(subject, { streams: streamCount, perSecond, seconds }) {
  const chunkCount = perSecond * seconds;
  await subject.eventLoopDelay?.();
  const before = memoryOf(subject.pid);
  const cpuBefore = cpuSeconds(subject.pid);
  let during = null;
  const ran = await streams(subject, {
    streams: streamCount,
    chunkCount,
    intervalMs: 1000 / perSecond,
    isStamped: true,
    onAllOpen: () => {
      during = memoryOf(subject.pid);
    },
  });
  const eventLoopDelayMs = await subject.eventLoopDelay?.();
  await subject.settled();
  const cpuAfter = cpuSeconds(subject.pid);
  return {
    streams: streamCount,
    failures: ran.failures,
    chunksPerSecond: ran.chunks / ran.seconds,
    chunksPerRead: ran.chunks / ran.bodyReads,
    eventLoopDelayMs,
    cpuSecondsPer100kChunks: cpuBefore === null ? null : ((cpuAfter - cpuBefore) * 100_000) / ran.chunks,
    ...quantiles("delay", ran.delaysMs),
    ...quantiles("first", ran.firstsMs),
    memory: during,
    kbPerStream: during === null ? null : ((totalMemory(during).pss - totalMemory(before).pss) * 1000) / streamCount,
  };
}

function quantiles(name, valuesMs) {
  if (valuesMs.length === 0) return {};
  return { [`${name}P50Ms`]: percentile(valuesMs, 0.5), [`${name}P99Ms`]: percentile(valuesMs, 0.99) };
}
