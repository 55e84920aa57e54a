// The Markdown tables: a column per subject, a row per figure, medians over the rounds.
import { totalMemory } from "../measure/process-usage.mjs";
import { chunkCpuRatio, cpuRatio, differenceOf, isBusy, rateRatio } from "./ratios.mjs";
import { median, medianOf } from "./statistics.mjs";

/**
 * @param {import("./ratios.mjs").SubjectResults[]} results
 * @param {object} plan of options.mjs
 * @returns {string} several tables; what was not measured is left out
 */
export function tables(results, plan) {
  const floor = results.find(({ name }) => name === "floor");
  const direct = results.find(({ name }) => name === "direct");
  const one = results.find(({ name }) => name === "headgate-1");
  const sections = {
    "Small requests": closedLoopRows("throughput", `requests/s, ${plan.connections} connections`, floor, one),
    "Requests and answers of 100 kB": closedLoopRows("large", `requests/s, ${plan.largeConnections} connections`, floor, one),
    "Latency, p50 / p99 / p99.9": [
      ["one connection", (each) => latency(each, direct, "alone")],
      [`${plan.pacedPerSecond} requests/s`, (each) => latency(each, direct, "paced")],
      [`time to first token, ${plan.pacedPerSecond} streams/s`, (each) => latency(each, direct, "first")],
    ],
    Streams: [
      [
        `CPU per 100k chunks, ${plan.streams} streams`,
        (each) => figure(medianOf(each.streams, "cpuSecondsPer100kChunks"), 2, " s"),
      ],
      ["… × the floor's", (each) => figure(chunkCpuRatio(each, floor), 2, "")],
      ["… chunks per read at the caller", (each) => figure(medianOf(each.streams, "chunksPerRead"), 2, "")],
      ...plan.concurrency.flatMap(concurrencyRows),
    ],
    Memory: memoryRows(),
  };
  return Object.entries(sections)
    .map(([title, rows]) => section(title, rows, results))
    .filter((text) => text !== "")
    .join("\n\n");
}

function section(title, rows, results) {
  const filled = rows
    .map(([name, cell]) => [name, ...results.map(cell)])
    .filter((row) => row.slice(1).some((cell) => cell !== "–"));
  if (filled.length === 0) return "";
  const columns = results.map((_, index) => index + 1).filter((column) => filled.some((row) => row[column] !== "–"));
  const pick = (row) => [row[0], ...columns.map((column) => row[column])];
  return markdown([[title, ...results.map((result) => result.title)], ...filled].map(pick));
}

function closedLoopRows(measure, title, floor, one) {
  const of = (each, name) => medianOf(each[measure], name);
  return [
    [title, (each) => requestsPerSecond(each, measure)],
    ["… × the floor's", (each) => (each.name === "direct" ? "–" : bounded(each, rateRatio(each, floor, measure), measure))],
    ["… its cores in use", (each) => percent(of(each, "cpuShare"))],
    ["… p50 / p99 under that load", (each) => pair(of(each, "loadedP50Ms"), of(each, "loadedP99Ms"))],
    ["… answered with an error", (each) => failed(each[measure])],
    ["CPU per request", (each) => figure(of(each, "cpuMicrosPerRequest"), 1, " µs")],
    ["… of it on main threads", (each) => figure(of(each, "mainThreadMicrosPerRequest"), 1, " µs")],
    ["requests per CPU second", (each) => grouped(perCpuSecond(each, measure))],
    ["… × the floor's", (each) => figure(cpuRatio(each, floor, measure), 2, "")],
    [
      "… × one worker's",
      (each) => (each.workers < 2 || each.name !== "headgate-2" ? "–" : figure(cpuRatio(each, one, measure), 2, "")),
    ],
    ["event-loop delay p99, worst process", (each) => figure(of(each, "eventLoopDelayMs"), 1, " ms")],
    ["all of it done after the last answer in", (each) => (hasLedger(each) ? figure(of(each, "settledAfterMs"), 0, " ms") : "–")],
    ["the load generator's CPU per request", (each) => figure(of(each, "generatorMicrosPerRequest"), 1, " µs")],
  ];
}

function concurrencyRows({ streams, perSecond }) {
  const of = (each, name) => medianOf(each.concurrency.map((round) => round[streams]).filter(Boolean), name);
  return [
    [
      `${grouped(streams)} streams, ${perSecond} chunks/s each: chunk delay p50 / p99`,
      (each) => pair(of(each, "delayP50Ms"), of(each, "delayP99Ms")),
    ],
    ["… until the first chunk p50 / p99", (each) => pair(of(each, "firstP50Ms"), of(each, "firstP99Ms"))],
    ["… CPU per 100k chunks", (each) => figure(of(each, "cpuSecondsPer100kChunks"), 2, " s")],
    ["… event-loop delay p99, worst process", (each) => figure(of(each, "eventLoopDelayMs"), 1, " ms")],
    ["… answered with an error", (each) => failed(each.concurrency.map((round) => round[streams]).filter(Boolean))],
  ];
}

/** "RSS / PSS": sums over the processes; pages that they share are counted once in PSS. */
function memoryRows() {
  const both = (processes) => {
    if (processes === undefined || processes === null || processes.length === 0) return "–";
    const { rss, pss } = totalMemory(processes);
    return `${rss.toFixed(0)} / ${pss.toFixed(0)} MB`;
  };
  const ofRole = (each, role) => each.memory?.end.filter((process) => process.role === role);
  const largest = (processes) => processes?.toSorted?.((a, b) => b.pss - a.pss).slice(0, 1) ?? null;
  return [
    ["resident at start, RSS / PSS", (each) => both(each.memory?.start)],
    ["resident after the load", (each) => both(each.memory?.end)],
    ["… the supervisor", (each) => both(ofRole(each, "supervisor"))],
    ["… control", (each) => both(ofRole(each, "control"))],
    ["… the largest worker", (each) => both(largest(ofRole(each, "worker")))],
    ["resident at the most, RSS", (each) => figure(each.memory === null ? null : totalMemory(each.memory.end).peak, 0, " MB")],
    ["streams with a chunk a second held", (each) => grouped(medianOf(each.idle, "streams"))],
    ["… RSS / PSS meanwhile", (each) => both(each.idle.at(-1)?.memory)],
    ["… more than before, per stream", (each) => figure(medianOf(each.idle, "kbPerStream"), 1, " kB")],
    ["… chunk delay p50 / p99", (each) => pair(medianOf(each.idle, "delayP50Ms"), medianOf(each.idle, "delayP99Ms"))],
  ];
}

/** @param {{ sizes: object[], newKey: object | null }} growth of measureGrowth */
export function growthTable({ sizes, newKey }) {
  const [base] = sizes;
  const rows = sizes.map((each) => [
    each.title,
    grouped(medianOf(each.throughput, "requestsPerSecond")),
    figure(rateRatio(each, base), 2, ""),
    figure(medianOf(each.throughput, "cpuMicrosPerRequest"), 1, " µs"),
    figure(cpuRatio(each, base), 2, ""),
    each.memory === null ? "–" : `${totalMemory(each.memory).rss.toFixed(0)} / ${totalMemory(each.memory).pss.toFixed(0)} MB`,
  ]);
  const head = ["Growth", "requests/s", "× the first", "CPU per request", "per CPU second × the first", "RSS / PSS"];
  const text = markdown([head, ...rows]);
  if (newKey === null) return text;
  const { effectMs, quietP99Ms, addingP99Ms, workers } = newKey;
  const effect = `median ${median(effectMs).toFixed(0)} ms, slowest ${Math.max(...effectMs).toFixed(0)} ms`;
  const where = workers > 0 ? `to each of ${workers} workers` : "to the one process";
  return `${text}\n\nA new key is known ${where} after ${effect} (${effectMs.length} keys, 10,000 others, 1,000 models); p99 of other calls is ${addingP99Ms.toFixed(1)} ms meanwhile, ${quietP99Ms.toFixed(1)} ms without.`;
}

/** Requests that its CPU time would do in a second of one core. */
export function perCpuSecond(result, measure = "throughput") {
  const cpu = medianOf(result[measure], "cpuMicrosPerRequest");
  return cpu === null ? null : 1e6 / cpu;
}

const hasLedger = ({ name }) => name.startsWith("headgate") || name.startsWith("limited");

function requestsPerSecond(result, measure) {
  const value = medianOf(result[measure], "requestsPerSecond");
  return value === null ? "–" : `${isBusy(result, measure) ? "" : "≥ "}${grouped(value)}`;
}

function bounded(result, ratio, measure) {
  return ratio === null ? "–" : `${isBusy(result, measure) ? "" : "≥ "}${ratio.toFixed(2)}`;
}

/** Of the provider itself the latency, of a proxy what it adds to it in the same round. */
function latency(result, direct, kind) {
  const cells = ["P50", "P99", "P999"].map((percentile) => {
    const name = `${kind}${percentile}`;
    if (direct === undefined || result === direct) return medianOf(result.latency, name);
    return differenceOf(result.latency, direct.latency, (round) => round[name]);
  });
  if (cells.includes(null)) return "–";
  const sign = direct === undefined || result === direct ? "" : "+";
  return `${cells.map((value) => (value < 0 ? "" : sign) + grouped(value)).join(" / ")} µs`;
}

function failed(rounds) {
  const failures = rounds.reduce((sum, round) => sum + (round.failures ?? 0), 0);
  return failures === 0 ? "–" : grouped(failures);
}

function pair(first, second) {
  return first === null || second === null ? "–" : `${brief(first)} / ${brief(second)} ms`;
}

function brief(ms) {
  return ms.toFixed(ms < 10 ? 1 : 0);
}

function figure(value, digits, unit) {
  return value === null ? "–" : `${value.toFixed(digits)}${unit}`;
}

function percent(value) {
  return value === null ? "–" : `${Math.round(value * 100)} %`;
}

function grouped(value) {
  return value === null ? "–" : Math.round(value).toLocaleString("en-US");
}

/** A table of text. @param {string[][]} rows the first is the head */
export function markdown(rows) {
  const widths = rows[0].map((_, column) => Math.max(3, ...rows.map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join("\n");
}
