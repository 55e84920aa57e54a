// What Headgate's figures are held to.
import { ratioToFloor } from "./table.mjs";

const floorShareMin = 0.6;
const residentMbMax = 150;

/**
 * Lines that say which targets were met. A benchmark is no test: a miss is printed, and the exit code stays 0.
 * @param {import("./table.mjs").SubjectResults[]} results
 */
export function targets(results) {
  const headgate = results.find(({ name }) => name === "headgate");
  if (headgate === undefined) return [];
  const ratio = ratioToFloor(
    headgate,
    results.find(({ name }) => name === "floor"),
  );
  const peak = headgate.memory?.end.peak ?? null;
  const verdict = (isMet) => (isMet ? "met" : "MISSED");
  return [
    ratio === null ? "" : `Target ≥ ${floorShareMin} × the floor: ${verdict(ratio >= floorShareMin)} (${ratio.toFixed(2)})`,
    peak === null ? "" : `Target ≤ ${residentMbMax} MB resident: ${verdict(peak <= residentMbMax)} (${peak.toFixed(0)} MB at the most)`,
  ].filter((line) => line !== "");
}
