// On what the figures were taken.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, getPriority, loadavg, release, totalmem, type } from "node:os";
import { canPin } from "./cores.mjs";

/** Lines that say where and when, for above the table. */
export function describeMachine() {
  const [load] = loadavg();
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return [
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, Headgate ${headgateVersion()}, Node.js ${process.version}`,
    `${model}, ${availableParallelism()} cores, ${memoryGb} GB; ${type()} ${release()}; load average before the run: ${load.toFixed(2)}`,
    canPin
      ? "Pinned: the proxy to core 0, provider and load generator to core 1"
      : "NOT pinned to cores (needs taskset and two cores): the proxies share cores with the load, read the figures with care",
    ...(getPriority() === 0 ? [] : [`Run with niceness ${getPriority()}, the load and what is measured alike`]),
  ];
}

function headgateVersion() {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}
