// On what the figures were taken.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, getPriority, loadavg, release, totalmem, type } from "node:os";
import { describeCores } from "./cores.mjs";

/** Lines that say where and when, for above the table. @param {boolean} isForeign a gateway is measured that somebody else started */
export function describeMachine(isForeign = false) {
  const [load] = loadavg();
  const model = cpus()[0]?.model.trim() ?? "unknown CPU";
  const memoryGb = Math.round(totalmem() / 2 ** 30);
  return [
    `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, Headgate ${headgateVersion()}, Node.js ${process.version}`,
    `${model}, ${availableParallelism()} cores, ${memoryGb} GB; ${type()} ${release()}; load average before the run: ${load.toFixed(2)}`,
    describeCores(isForeign),
    ...(getPriority() === 0 ? [] : [`Run with niceness ${getPriority()}, the load and what is measured alike`]),
  ];
}

function headgateVersion() {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}
