// What Headgate's figures are held to.
import { totalMemory } from "../measure/process-usage.mjs";
import { chunkCpuRatio, cpuRatio, differenceOf, isBusy, rateRatio, ratioOf } from "./ratios.mjs";
import { median, medianOf } from "./statistics.mjs";

/** One worker, two workers with all that belongs to them; the latter is also the bound that idle streams come on top of. MB. */
const workerMbMax = 90;
const twoWorkersMbMax = 300;
const idleKbMax = 40;

/**
 * Lines that say which targets were met. A benchmark is no test: a miss is printed, and the exit code stays 0.
 * @param {import("./ratios.mjs").SubjectResults[]} results
 * @param {{ sizes: object[], newKey: object | null } | null} growth
 * @param {{ proxyCores: number }} plan
 */
export function targets(results, growth, { proxyCores }) {
  const find = (name) => results.find((result) => result.name === name);
  const headgate = find("limited") ?? find("headgate");
  const two = find("limited-2") ?? find("headgate-2");
  const lines = [];
  if (headgate !== undefined) {
    const against = { headgate, floor: find("floor"), direct: find("direct"), nginx: find("nginx") };
    lines.push(...rateTargets(against, proxyCores), ...latencyTargets(against), ...streamTargets(against));
  }
  lines.push(
    ...limitsTarget(find("limited"), find("headgate")),
    ...workersTarget(find("headgate-2"), find("headgate-1"), proxyCores),
  );
  lines.push(...memoryTargets(two), ...(headgate === undefined ? [] : idleTarget(two, headgate)));
  if (growth !== null) lines.push(...growthTargets(growth));
  return lines;
}

/** Where both had their core to themselves, the lower of both ratios to the floor counts; else only that of CPU time means anything. */
function rateTargets({ headgate, floor, nginx }, proxyCores) {
  const lines = [];
  const byCpu = cpuRatio(headgate, floor);
  const byRate = rateRatio(headgate, floor);
  if (byRate !== null) {
    const isUndisturbed = proxyCores === 1 && isBusy(floor) && isBusy(headgate);
    const ratio = byCpu === null ? byRate : isUndisturbed ? Math.min(byRate, byCpu) : byCpu;
    const remark = isUndisturbed ? "" : ", by CPU time: the core was not theirs alone, or the load too small";
    lines.push(line("requests/s on one core ≥ 0.9 × the floor's", ratio >= 0.9, `${ratio.toFixed(2)}${remark}; moonshot 1.2`));
  }
  const toNginx = cpuRatio(headgate, nginx);
  if (toNginx !== null) {
    lines.push(line("requests per CPU second ≥ 0.22 × nginx's", toNginx >= 0.22, `${toNginx.toFixed(2)}; moonshot 0.33`));
  }
  return lines;
}

function latencyTargets({ headgate, direct }) {
  const lines = [];
  for (const [kind, title] of [
    ["paced", "added latency at the fixed rate"],
    ["first", "added time to first token"],
  ]) {
    const [p50, p99] = ["P50", "P99"].map((rank) =>
      differenceOf(headgate.latency, direct?.latency, (round) => round[kind + rank]),
    );
    if (p50 === null || p99 === null) continue;
    const figures = `${(p50 / 1000).toFixed(2)} ms, ${(p99 / 1000).toFixed(2)} ms`;
    lines.push(line(`${title}, p50 ≤ 0.4 ms and p99 ≤ 1.5 ms`, p50 <= 400 && p99 <= 1500, figures));
  }
  return lines;
}

function streamTargets({ headgate, floor }) {
  const lines = [];
  const ratio = chunkCpuRatio(headgate, floor);
  if (ratio !== null) lines.push(line("CPU per streamed chunk ≤ 1.2 × the floor's", ratio <= 1.2, ratio.toFixed(2)));
  const rounds = headgate.concurrency.map((round) => round[1000]).filter(Boolean);
  const delay = medianOf(rounds, "delayP99Ms");
  if (delay !== null) {
    lines.push(line("1,000 streams at 10 chunks/s, p99 chunk delay ≤ 50 ms", delay <= 50, `${delay.toFixed(1)} ms`));
  }
  return lines;
}

function limitsTarget(limited, headgate) {
  if (limited === undefined) return [];
  const ratio = ratioOf(limited.throughput, headgate?.throughput, (round) => round.cpuMicrosPerRequest);
  if (ratio === null) return [];
  const cost = `${((ratio - 1) * 100).toFixed(1)} % more CPU time per request`;
  return [line("rate limit and budget on every call cost ≤ 5 %", ratio <= 1.05, cost)];
}

function workersTarget(two, one, proxyCores) {
  if (two === undefined) return [];
  const byCpu = cpuRatio(two, one);
  if (byCpu === null) return [];
  const lines = [line("two workers, requests per CPU second ≥ 0.9 × one's", byCpu >= 0.9, byCpu.toFixed(2))];
  if (proxyCores < 2) return lines;
  const byRate = rateRatio(two, one);
  return [...lines, line("two workers on two cores, requests/s ≥ 1.7 × one's", byRate >= 1.7, byRate.toFixed(2))];
}

function memoryTargets(two) {
  const processes = two?.memory?.end;
  if (processes === undefined || processes.length < 2) return [];
  const workers = processes.filter(({ role }) => role === "worker");
  const worker = Math.max(...workers.map((each) => each.rss));
  const workerPss = Math.max(...workers.map((each) => each.pss));
  const { rss, pss } = totalMemory(processes);
  const both = (ofRss, ofPss) => `${ofRss.toFixed(0)} MB resident; shared pages counted in parts ${ofPss.toFixed(0)} MB`;
  return [
    line(`≤ ${workerMbMax} MB per worker`, worker <= workerMbMax, both(worker, workerPss)),
    line(`≤ ${twoWorkersMbMax} MB in all with two workers`, rss <= twoWorkersMbMax, both(rss, pss)),
  ];
}

function idleTarget(two, headgate) {
  const measured = two?.idle.length ? two : headgate;
  const idle = measured.idle.at(-1);
  if (idle === undefined || idle.memory === null) return [];
  const boundMb = twoWorkersMbMax + (idle.streams * idleKbMax) / 1000;
  const { pss } = totalMemory(idle.memory);
  const title = `${idle.streams.toLocaleString("en-US")} idle-ish streams within ${twoWorkersMbMax} MB and ${idleKbMax} kB each`;
  return [line(title, pss <= boundMb, `${pss.toFixed(0)} of ${boundMb.toFixed(0)} MB, ${idle.kbPerStream.toFixed(1)} kB each`)];
}

function growthTargets({ sizes, newKey }) {
  const [base] = sizes;
  const both = sizes.find(({ name }) => name === "both");
  const ratio = cpuRatio(both, base) ?? rateRatio(both, base);
  const lines = [line("10,000 keys and 1,000 models ≥ 0.95 × the throughput of 10 and 1", ratio >= 0.95, ratio.toFixed(2))];
  if (newKey === null) return lines;
  const slowest = Math.max(...newKey.effectMs);
  const figures = `slowest ${slowest.toFixed(0)} ms, median ${median(newKey.effectMs).toFixed(0)} ms`;
  return [...lines, line("a new key takes effect everywhere within 100 ms", slowest <= 100, figures)];
}

function line(title, isMet, figures) {
  return `Target ${title}: ${isMet ? "met" : "MISSED"} (${figures})`;
}
