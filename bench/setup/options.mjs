// The command line of run.mjs.
import { parseArgs } from "node:util";

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
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      measure: { type: "string" },
      rounds: { type: "string" },
      json: { type: "string" },
      readme: { type: "boolean", default: false },
      headgate: { type: "string", default: "dist/main.js" },
      "node-options": { type: "string" },
      dir: { type: "string" },
      "cpu-prof": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return null;
  }
  const plan = { ...(values.quick ? quick : full) };
  if (values.rounds !== undefined) {
    plan.rounds = Number(values.rounds);
    plan.streamRounds = plan.rounds;
    if (!(plan.rounds >= 1)) throw new Error("--rounds takes a number from 1");
  }
  return {
    ...plan,
    subjects: chosen("--only", values.only, subjectNames),
    measures: chosen("--measure", values.measure, measureNames),
    isEverySubjectWanted: values.only === undefined,
    jsonPath: values.json,
    writesReadme: values.readme,
    headgatePath: values.headgate,
    nodeOptions: values["node-options"],
    dir: values.dir,
    profile: values["cpu-prof"],
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
