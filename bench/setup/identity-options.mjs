// The command line of identity.mjs.
import { readBenchOptions } from "./read-options.mjs";

const help = `npm run bench:identity -- [options]

  --quick                 a look in less than a minute: fewer and shorter rounds
  --rounds N              rounds of the phases
  --json FILE             write every single figure to FILE
  --readme                put the printed tables into bench/README.md
  --headgate FILE         the built program to measure (default: dist/main.js)
  --dir FOLDER            where Headgate's data and the logs go (default: a temporary folder, removed at the end)
  --cpu-prof              profile Headgate and print the functions that took the most time (the figures are then too high)
`;

const full = {
  perSecond: 200,
  newcomersPerSecond: 20,
  rounds: 7,
  // (a) comes four times in a round; (b) is longer than three late answers, (c) than the time limit of one call
  secondsOf: { a: 3, b: 8, c: 7, d: 4, e: 4, direct: 2 },
  warmUpSeconds: 5,
  costRounds: 7,
  throughputSeconds: 2,
  connections: 16,
};
const quick = {
  ...full,
  rounds: 2,
  secondsOf: { a: 1.2, b: 6.5, c: 6, d: 2, e: 1.5, direct: 1 },
  warmUpSeconds: 1,
  costRounds: 3,
  throughputSeconds: 0.8,
};

/**
 * @param {string[]} args
 * @returns the plan of the run, or null when help was asked for and printed. Throws on what it doesn't know.
 */
export function readIdentityOptions(args) {
  return readBenchOptions(args, { help, full, quick })?.plan ?? null;
}
