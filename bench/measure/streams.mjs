// What relaying streamed chunks costs.
import { streams } from "../load/streams.mjs";
import { cpuSeconds } from "./process-usage.mjs";

/**
 * One round against one subject.
 * @param {import("../subjects/subject.mjs").Subject} subject
 */
export async function measureStreams(subject, { streams: streamCount, chunkCount, chunkIntervalMs }) {
  const before = cpuSeconds(subject.pid);
  const { chunks, bodyReads, seconds } = await streams(subject, {
    streams: streamCount,
    chunkCount,
    intervalMs: chunkIntervalMs,
  });
  await subject.settled();
  const after = cpuSeconds(subject.pid);
  return {
    cpuSecondsPer100kChunks: before === null || after === null ? null : ((after - before) * 100_000) / chunks,
    /** Near 1: each chunk reached the caller on its own; above, several came in one piece and were cheaper for it. */
    chunksPerRead: chunks / bodyReads,
    chunksPerSecond: chunks / seconds,
  };
}
