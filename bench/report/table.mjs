// The Markdown table: a column per subject, a row per figure, medians over the rounds.
import { median, medianOf } from "./statistics.mjs";

/** Below this share of its core a proxy was waiting for the load, and its requests per second are a lower bound. */
const busyShare = 0.95;

/**
 * @typedef {object} SubjectResults
 * @property {string} name
 * @property {string} title
 * @property {object[]} throughput one entry per round; so for the others
 * @property {object[]} latency
 * @property {object[]} streams
 * @property {{ start: { now: number }, end: { now: number, peak: number } } | null} memory
 */

/**
 * @param {SubjectResults[]} results
 * @param {{ connections: number, pacedPerSecond: number, streams: number, chunkCount: number, chunkIntervalMs: number }} plan
 * @returns {string}
 */
export function table(results, plan) {
  const find = (name) => results.find((result) => result.name === name);
  const floor = find("floor");
  const direct = find("direct");
  const rows = [
    [`requests/s, ${plan.connections} connections, one core`, (each) => requestsPerSecond(each)],
    ["… × the floor's", (each) => shareOfFloor(each, floor)],
    ["… its core in use", (each) => percent(medianOf(each.throughput, "cpuShare"))],
    ["CPU per request", (each) => figure(medianOf(each.throughput, "cpuMicrosPerRequest"), 1, " µs")],
    ["… of it on the main thread", (each) => figure(medianOf(each.throughput, "mainThreadMicrosPerRequest"), 1, " µs")],
    ["… requests per CPU second × the floor's", (each) => figure(cpuRatioToFloor(each, floor), 2, "")],
    ["… all of it done after the last answer in", (each) => settledAfter(each)],
    ["latency p50 / p99, one connection", (each) => latency(each, direct, "alone")],
    [`latency p50 / p99, ${plan.pacedPerSecond} requests/s`, (each) => latency(each, direct, "paced")],
    ["CPU per 100k streamed chunks", (each) => figure(medianOf(each.streams, "cpuSecondsPer100kChunks"), 2, " s")],
    ["… chunks per read at the caller", (each) => figure(medianOf(each.streams, "chunksPerRead"), 2, "")],
    ["resident at start", (each) => figure(each.memory?.start.now ?? null, 0, " MB")],
    ["resident after the load", (each) => figure(each.memory?.end.now ?? null, 0, " MB")],
    ["resident at the most", (each) => figure(each.memory?.end.peak ?? null, 0, " MB")],
  ];
  const filled = rows
    .map(([title, cell]) => [title, ...results.map(cell)])
    .filter((row) => row.slice(1).some((cell) => cell !== "–"));
  return markdown([["", ...results.map(({ title }) => title)], ...filled]);
}

/**
 * The median of each round's ratio, so that what slows the machine for a while slows both sides of a ratio.
 * @param {SubjectResults} result
 * @param {SubjectResults | undefined} floor
 * @returns {number | null}
 */
export function ratioToFloor(result, floor) {
  if (floor === undefined || result.throughput.length === 0) return null;
  return median(result.throughput.map((round, index) => round.requestsPerSecond / floor.throughput[index].requestsPerSecond));
}

/**
 * The same by CPU time, everything included that was done after the last answer: it holds also when other programs
 * take part of the core, or when the load is not enough to fill it.
 * @param {SubjectResults} result
 * @param {SubjectResults | undefined} floor
 * @returns {number | null}
 */
export function cpuRatioToFloor(result, floor) {
  const cpu = (round) => round.cpuMicrosPerRequest;
  if (floor === undefined || result.throughput.length === 0 || result.throughput.some((round) => cpu(round) === undefined))
    return null;
  return median(result.throughput.map((round, index) => cpu(floor.throughput[index]) / cpu(round)));
}

/** True when it was the proxy that limited its requests per second. */
export function isBusy(result) {
  const share = medianOf(result.throughput, "cpuShare");
  return share === null || share >= busyShare;
}

function requestsPerSecond(result) {
  const value = medianOf(result.throughput, "requestsPerSecond");
  return value === null ? "–" : `${isBusy(result) ? "" : "≥ "}${grouped(value)}`;
}

function settledAfter(result) {
  return result.name === "headgate" ? figure(medianOf(result.throughput, "settledAfterMs"), 0, " ms") : "–";
}

function shareOfFloor(result, floor) {
  const ratio = result.name === "direct" ? null : ratioToFloor(result, floor);
  return ratio === null ? "–" : `${isBusy(result) ? "" : "≥ "}${ratio.toFixed(2)}`;
}

/** Of the provider itself the latency, of a proxy what it adds to it in the same round. */
function latency(result, direct, kind) {
  const cells = ["P50", "P99"].map((percentile) => {
    const name = `${kind}${percentile}`;
    if (result.latency.length === 0) return null;
    if (direct === undefined || result === direct) return medianOf(result.latency, name);
    return median(result.latency.map((round, index) => round[name] - direct.latency[index][name]));
  });
  if (cells.includes(null)) return "–";
  const sign = direct === undefined || result === direct ? "" : "+";
  return `${cells.map((value) => (value < 0 ? "" : sign) + grouped(value)).join(" / ")} µs`;
}

function figure(value, digits, unit) {
  return value === null ? "–" : `${value.toFixed(digits)}${unit}`;
}

function percent(value) {
  return value === null ? "–" : `${Math.round(value * 100)} %`;
}

function grouped(value) {
  return Math.round(value).toLocaleString("en-US");
}

/** A table of text. @param {string[][]} rows the first is the head */
export function markdown(rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join("\n");
}
