// The command line of compare.mjs.
import { parseArgs } from "node:util";

const measureNames = ["throughput", "large", "latency", "streams"];

const help = `node bench/compare.mjs A B [options]

  A, B                    commits, branches or tags of this repository, or folders of checkouts; B may be left out: the working folder
  --quick                 shorter rounds, three of them
  --rounds N              rounds (default: 7)
  --measures a,b          ${measureNames.join(", ")} (default: throughput,latency,streams)
  --workers N             worker processes (default: 0, all in one)
  --limits                with a rate limit and a budget
  --node-options=TEXT     NODE_OPTIONS for both
  --json FILE             write every single figure to FILE
`;

const full = {
  rounds: 7,
  connections: 64,
  warmUpSeconds: 4,
  throughputSeconds: 5,
  largeConnections: 16,
  largeSeconds: 3,
  closedLoopSeconds: 1,
  pacedPerSecond: 200,
  pacedSeconds: 4,
  streams: 50,
  chunkCount: 800,
  chunkIntervalMs: 5,
};
const quick = { ...full, rounds: 3, warmUpSeconds: 2, throughputSeconds: 2, largeSeconds: 1, pacedSeconds: 2, chunkCount: 300 };

/** @param {string[]} args @returns the plan, or null when help was asked for and printed. Throws on what it doesn't know. */
export function readCompareOptions(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      measures: { type: "string", default: "throughput,latency,streams" },
      workers: { type: "string", default: "0" },
      limits: { type: "boolean", default: false },
      "node-options": { type: "string" },
      json: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return null;
  }
  if (positionals.length < 1 || positionals.length > 2) throw new Error("takes two commits or folders; --help says more");
  const measures = values.measures.split(",").map((name) => name.trim());
  const unknown = measures.find((name) => !measureNames.includes(name));
  if (unknown !== undefined) throw new Error(`--measures takes ${measureNames.join(", ")}, not "${unknown}"`);
  const plan = values.quick ? quick : full;
  const rounds = Number(values.rounds ?? plan.rounds);
  const workers = Number(values.workers);
  if (!(rounds >= 1)) throw new Error("--rounds takes a number from 1");
  if (!(workers >= 0)) throw new Error("--workers takes a number from 0");
  const sides = [positionals[0], positionals[1] ?? "."];
  const common = { withLimits: values.limits, nodeOptions: values["node-options"], jsonPath: values.json };
  return { ...plan, ...common, rounds, workers, measures, sides };
}
