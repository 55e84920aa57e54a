// The table of compare.mjs: a row per figure, medians of both sides, and how B differs within the rounds.
import { median } from "./statistics.mjs";
import { markdown } from "./table.mjs";

const rows = [
  ["requests/s", (round) => round.throughput.requestsPerSecond, 0, ""],
  ["CPU per request", (round) => round.throughput.cpuMicrosPerRequest, 1, " µs"],
  ["… on main threads", (round) => round.throughput.mainThreadMicrosPerRequest, 1, " µs"],
  ["p50 under load", (round) => round.throughput.loadedP50Ms, 2, " ms"],
  ["p99 under load", (round) => round.throughput.loadedP99Ms, 2, " ms"],
  ["100 kB: requests/s", (round) => round.large.requestsPerSecond, 0, ""],
  ["100 kB: CPU per request", (round) => round.large.cpuMicrosPerRequest, 1, " µs"],
  ["fixed rate, p50", (round) => round.latency.pacedP50, 0, " µs"],
  ["fixed rate, p99", (round) => round.latency.pacedP99, 0, " µs"],
  ["first token, p50", (round) => round.latency.firstP50, 0, " µs"],
  ["first token, p99", (round) => round.latency.firstP99, 0, " µs"],
  ["CPU per 100k chunks", (round) => round.streams.cpuSecondsPer100kChunks, 2, " s"],
  ["resident (RSS)", (round) => round.memory.rss, 0, " MB"],
  ["resident (PSS)", (round) => round.memory.pss, 0, " MB"],
  ["resident at the most", (round) => round.memory.peak, 0, " MB"],
];

/** @param {{ title: string, rounds: object[] }[]} sides A and B, with as many rounds */
export function compareTable([a, b]) {
  const lines = rows.flatMap(([title, value, digits, unit]) => {
    const pairs = a.rounds
      .map((round, index) => [value(round), value(b.rounds[index])])
      .filter((pair) => pair.every((each) => typeof each === "number"));
    if (pairs.length === 0) return [];
    const ratios = pairs.map(([before, after]) => after / before - 1);
    const middle = (side) => `${grouped(median(pairs.map((pair) => pair[side])), digits)}${unit}`;
    const range = `${percent(Math.min(...ratios))} … ${percent(Math.max(...ratios))}`;
    return [[title, middle(0), middle(1), percent(median(ratios)), range]];
  });
  return markdown([["medians", "A", "B", "B to A", "range"], ...lines]);
}

function grouped(value, digits) {
  return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function percent(ratio) {
  return `${ratio < 0 ? "−" : "+"}${Math.abs(ratio * 100).toFixed(1)} %`;
}
