// What is said of two subjects at once: ratios and differences within a round first, then their median, so that what slows the machine for
// a while slows both sides.
import { median, medianOf } from "./statistics.mjs";

/** Below this share of its core a proxy was waiting for the load, and its requests per second are a lower bound. */
const busyShare = 0.95;

/**
 * @typedef {object} SubjectResults
 * @property {string} name
 * @property {string} title
 * @property {number} workers
 * @property {object[]} throughput one entry per round; so for the others
 * @property {object[]} large
 * @property {object[]} latency
 * @property {object[]} streams
 * @property {Record<string, object>[]} concurrency by number of streams
 * @property {object[]} idle
 * @property {{ start: import("../measure/process-usage.mjs").ProcessMemory[], end: import("../measure/process-usage.mjs").ProcessMemory[] } | null} memory
 */

/**
 * The median of `value(a) / value(b)` over the rounds that both have; null when there is none.
 * @param {object[]} rounds
 * @param {object[] | undefined} others
 * @param {(round: object) => number | null | undefined} value
 * @returns {number | null}
 */
export function ratioOf(rounds, others, value) {
  return overRounds(rounds, others, value, (a, b) => a / b);
}

/** The same of `value(a) - value(b)`. */
export function differenceOf(rounds, others, value) {
  return overRounds(rounds, others, value, (a, b) => a - b);
}

function overRounds(rounds, others, value, combine) {
  const values = rounds
    .map((round, index) => [value(round), others?.[index] === undefined ? null : value(others[index])])
    .filter((pair) => pair.every((each) => typeof each === "number"))
    .map(([a, b]) => combine(a, b));
  return values.length === 0 ? null : median(values);
}

/** Requests per second relative to the other's. @param {SubjectResults} result @param {SubjectResults | undefined} other */
export function rateRatio(result, other, measure = "throughput") {
  return ratioOf(result[measure], other?.[measure], (round) => round.requestsPerSecond);
}

/**
 * Requests per CPU second relative to the other's, everything included that was done after the last answer: it holds also when other
 * programs take part of the core, or when the load is not enough to fill it.
 * @param {SubjectResults} result @param {SubjectResults | undefined} other
 */
export function cpuRatio(result, other, measure = "throughput") {
  return ratioOf(result[measure], other?.[measure], ({ cpuMicrosPerRequest: cpu }) => (cpu === undefined ? null : 1 / cpu));
}

/** CPU time per streamed chunk relative to the other's. */
export function chunkCpuRatio(result, other) {
  return ratioOf(result.streams, other?.streams, (round) => round.cpuSecondsPer100kChunks);
}

/** True when it was the proxy that limited its requests per second. */
export function isBusy(result, measure = "throughput") {
  const share = medianOf(result[measure], "cpuShare");
  return share === null || share >= busyShare;
}
