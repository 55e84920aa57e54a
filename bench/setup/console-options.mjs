// The command line of console.mjs.
import { readBenchOptions } from "./read-options.mjs";

const engineNames = ["sqlite", "postgres"];

const help = `npm run bench:console -- [options]

  --quick                 a look in a few minutes: a tenth of the requests, fewer and shorter rounds
  --engine a,b            ${engineNames.join(", ")} (default: both)
  --workers N             server.workers: pages are then another process's than calls (default: 0)
  --proxy-cores N         cores for Headgate (default: 1); with all of the machine's, the load and whoever clicks share them
  --rounds N              rounds of every page, and of calls with and without somebody who clicks
  --json FILE             write every single figure to FILE
  --readme                put the printed tables into bench/README.md
  --headgate FILE         the built program to measure (default: dist/main.js)
  --dir FOLDER            where data and logs go (default: a temporary folder, removed at the end)
  --cpu-prof              profile Headgate and print the functions that took the most time (the figures are then too high)
`;

const full = {
  size: { keys: 10_000, models: 1000, users: 1000, groups: 100, requests: 1_000_000, days: 30 },
  rounds: 7,
  perSecond: 200,
  seconds: 6,
  warmUpSeconds: 5,
};
const quick = { ...full, size: { ...full.size, requests: 100_000 }, rounds: 3, seconds: 3, warmUpSeconds: 2 };

/**
 * @param {string[]} args
 * @returns the plan of the run, or null when help was asked for and printed. Throws on what it doesn't know.
 */
export function readConsoleOptions(args) {
  const read = readBenchOptions(args, {
    help,
    full,
    quick,
    more: { engine: { type: "string" }, workers: { type: "string" }, "proxy-cores": { type: "string" } },
  });
  if (read === null) return null;
  const wanted = read.values.engine?.split(",") ?? engineNames;
  const unknown = wanted.find((name) => !engineNames.includes(name));
  if (unknown !== undefined) throw new Error(`--engine takes ${engineNames.join(", ")}, not "${unknown}"`);
  const workers = Number(read.values.workers ?? 0);
  if (!Number.isInteger(workers) || workers < 0) throw new Error(`--workers takes a number, not "${read.values.workers}"`);
  const proxyCores = Number(read.values["proxy-cores"] ?? 1);
  if (!Number.isInteger(proxyCores) || proxyCores < 1) throw new Error("--proxy-cores takes a number of cores");
  return { ...read.plan, workers, proxyCores, engines: engineNames.filter((name) => wanted.includes(name)) };
}
