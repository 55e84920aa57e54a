// Which plots there are, from the results of a run.
import { mkdirSync, writeFileSync } from "node:fs";
import { totalMemory } from "../measure/process-usage.mjs";
import { barChart } from "./bar-chart.mjs";
import { cpuRatio, differenceOf } from "./ratios.mjs";
import { medianOf } from "./statistics.mjs";
import { perCpuSecond } from "./table.mjs";

const folder = new URL("../plots/", import.meta.url);
const roles = ["alone", "supervisor", "control", "worker"];

/**
 * Writes bench/plots/*.svg, each of which was measured.
 * @param {import("./ratios.mjs").SubjectResults[]} results
 * @param {{ sizes: object[] } | null} growth
 * @returns {string} Markdown that shows them
 */
export function writePlots(results, growth) {
  mkdirSync(folder, { recursive: true });
  const charts = {
    "requests-per-cpu-second": requestsChart(results),
    latency: latencyChart(results),
    "chunk-delay": delayChart(results),
    memory: memoryChart(results),
    growth: growth === null ? null : growthChart(growth),
  };
  const shown = [];
  for (const [name, chart] of Object.entries(charts)) {
    const panels = chart?.panels.filter(({ bars }) => bars.length > 0) ?? [];
    if (panels.length === 0) continue;
    writeFileSync(new URL(`${name}.svg`, folder), barChart({ ...chart, panels }));
    shown.push(`![${chart.title}](plots/${name}.svg)`);
  }
  return shown.join("\n\n");
}

function requestsChart(results) {
  const bars = (measure) =>
    results.flatMap((each) => bar(each, perCpuSecond(each, measure), (value) => Math.round(value).toLocaleString("en-US")));
  return {
    title: "Requests per CPU second",
    note: "all threads and processes of the proxy, with what is done after the answer; longer is better",
    panels: [
      { title: "2 kB requests, 1 kB answers", bars: bars("throughput") },
      { title: "100 kB requests and answers", bars: bars("large") },
    ],
  };
}

function latencyChart(results) {
  const direct = results.find(({ name }) => name === "direct");
  const bars = (figure) =>
    results
      .filter((each) => each !== direct)
      .flatMap((each) =>
        bar(
          each,
          differenceOf(each.latency, direct?.latency, (round) => round[figure]),
          micros,
        ),
      );
  const panels = [
    ["paced", "answer"],
    ["first", "first token"],
  ].flatMap(([kind, what]) => [
    { title: `${what}, p50`, bars: bars(`${kind}P50`), mark: { value: 400, text: "target 0.4 ms" } },
    { title: `${what}, p99`, bars: bars(`${kind}P99`), mark: { value: 1500, text: "target 1.5 ms" } },
  ]);
  return { title: "Added latency", note: "over calling the provider directly, at a fixed rate; shorter is better", panels };
}

function delayChart(results) {
  const counts = [...new Set(results.flatMap((each) => each.concurrency.flatMap((round) => Object.keys(round))))];
  const panels = counts.map((count) => ({
    title: `${Number(count).toLocaleString("en-US")} streams, p99`,
    bars: results.flatMap((each) =>
      bar(each, medianOf(each.concurrency.map((round) => round[count]).filter(Boolean), "delayP99Ms"), millis),
    ),
    ...(count === "1000" ? { mark: { value: 50, text: "target 50 ms" } } : {}),
  }));
  const note = "from the provider's write to the caller's read, all on the same two cores; shorter is better";
  return { title: "Delay of a streamed chunk", note, panels };
}

function memoryChart(results) {
  const bars = (memoryIn) =>
    results.flatMap((each) => {
      const processes = memoryIn(each);
      if (processes === undefined || processes === null) return [];
      const parts = roles.map((role) => totalMemory(processes.filter((process) => process.role === role)).pss);
      return [{ label: plain(each.title), parts, text: `${totalMemory(processes).pss.toFixed(0)} MB` }];
    });
  return {
    title: "Memory",
    note: "resident, pages that processes share counted once (PSS); shorter is better",
    legend: ["one process", "supervisor", "control", "workers"],
    panels: [
      { title: "after the load", bars: bars((each) => each.memory?.end) },
      { title: "while thousands of streams are held (see the table)", bars: bars((each) => each.idle.at(-1)?.memory) },
    ],
  };
}

function growthChart({ sizes }) {
  const bars = sizes.flatMap((each) => bar(each, cpuRatio(each, sizes[0]), (value) => value.toFixed(2)));
  const panel = { title: "requests per CPU second, relative to the first", bars, mark: { value: 0.95, text: "target 0.95" } };
  return { title: "Growth", note: "does a call cost more when there is more? Longer is better", panels: [panel] };
}

function bar({ title }, value, words) {
  return value === null ? [] : [{ label: plain(title), parts: [value], text: words(value) }];
}

const micros = (value) => `${(value / 1000).toFixed(2)} ms`;
const millis = (value) => `${value.toFixed(1)} ms`;
const plain = (title) => title.replaceAll("*", "");
