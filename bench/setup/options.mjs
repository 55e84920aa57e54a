// The command line of run.mjs.
import { readBenchOptions } from "./read-options.mjs";

const subjectNames = ["direct", "floor", "headgate", "nginx"];
const measureNames = ["throughput", "latency", "streams"];

const help = `npm run bench -- [options]

  --quick                 a fast look: fewer and shorter rounds
  --only a,b              subjects: ${subjectNames.join(", ")} (default: all; nginx where it is installed)
  --measure a,b           measures: ${measureNames.join(", ")} (default: all)
  --rounds N              rounds of each measure
  --json FILE             write every single figure to FILE
  --readme                put the printed table into bench/README.md
  --headgate FILE         the built program to measure (default: dist/main.js)
  --node-options=TEXT     NODE_OPTIONS for Headgate
  --dir FOLDER            where Headgate's data and the logs go (default: a temporary folder, removed at the end)
  --cpu-prof              profile Headgate and print the functions that took the most time (the figures are then too high)
`;

const full = {
  connections: 64,
  warmUpSeconds: 5,
  rounds: 7,
  throughputSeconds: 4,
  closedLoopSeconds: 2,
  pacedPerSecond: 100,
  pacedSeconds: 4,
  streamRounds: 3,
  streams: 50,
  chunkCount: 2000,
  chunkIntervalMs: 5,
};
const quick = {
  ...full,
  warmUpSeconds: 2,
  rounds: 3,
  throughputSeconds: 2,
  closedLoopSeconds: 1,
  pacedSeconds: 2,
  streamRounds: 1,
};

/**
 * @param {string[]} args
 * @returns the plan of the run, or null when help was asked for and printed. Throws on what it doesn't know.
 */
export function readOptions(args) {
  const more = { only: { type: "string" }, measure: { type: "string" }, "node-options": { type: "string" } };
  const read = readBenchOptions(args, { help, full, quick, more });
  if (read === null) return null;
  const { plan, values } = read;
  return {
    ...plan,
    ...(values.rounds === undefined ? {} : { streamRounds: plan.rounds }),
    subjects: chosen("--only", values.only, subjectNames),
    measures: chosen("--measure", values.measure, measureNames),
    isEverySubjectWanted: values.only === undefined,
    nodeOptions: values["node-options"],
  };
}

/** The named ones, in the order in which they always run. */
function chosen(option, text, names) {
  if (text === undefined) return names;
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`${option} takes ${names.join(", ")}, not "${unknown}"`);
  return names.filter((name) => wanted.includes(name));
}
