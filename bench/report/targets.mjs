// What Headgate's figures are held to.
import { cpuRatioToFloor, isBusy, ratioToFloor } from "./table.mjs";

const floorShareMin = 0.6;
const residentMbMax = 150;

/**
 * Lines that say which targets were met. A benchmark is no test: a miss is printed, and the exit code stays 0.
 * @param {import("./table.mjs").SubjectResults[]} results
 */
export function targets(results) {
  const headgate = results.find(({ name }) => name === "headgate");
  const floor = results.find(({ name }) => name === "floor");
  const lines = [];
  if (headgate !== undefined && floor !== undefined && headgate.throughput.length > 0) lines.push(floorTarget(headgate, floor));
  const peak = headgate?.memory?.end.peak;
  if (peak !== undefined) {
    lines.push(`Target ≤ ${residentMbMax} MB resident: ${verdict(peak <= residentMbMax)} (${peak.toFixed(0)} MB at the most)`);
  }
  return lines;
}

/** Where both had their core to themselves, the lower of the two ratios counts; else only that of CPU time means anything. */
function floorTarget(headgate, floor) {
  const byCpu = cpuRatioToFloor(headgate, floor);
  const byRate = ratioToFloor(headgate, floor);
  const isUndisturbed = isBusy(floor) && isBusy(headgate);
  const ratio = byCpu === null ? byRate : isUndisturbed ? Math.min(byRate, byCpu) : byCpu;
  const remark = isUndisturbed ? "" : ", by CPU time: the core was not theirs alone, or the load too small";
  return `Target ≥ ${floorShareMin} × the floor: ${verdict(ratio >= floorShareMin)} (${ratio.toFixed(2)}${remark})`;
}

function verdict(isMet) {
  return isMet ? "met" : "MISSED";
}
