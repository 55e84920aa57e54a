// What the command lines of all benchmarks have in common.
import { parseArgs } from "node:util";

/**
 * @param {string[]} args
 * @param {{ help: string, full: object, quick: object, more?: import("node:util").ParseArgsConfig["options"] }} benchmark `more`: its own options
 * @returns {{ plan: object, values: object } | null} the plan of the run, and all that was given; null when help was asked for and
 * printed. Throws on what it doesn't know.
 */
export function readBenchOptions(args, { help, full, quick, more = {} }) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      json: { type: "string" },
      readme: { type: "boolean", default: false },
      headgate: { type: "string", default: "dist/main.js" },
      dir: { type: "string" },
      "cpu-prof": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
      ...more,
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return null;
  }
  const plan = { ...(values.quick ? quick : full) };
  if (values.rounds !== undefined) plan.rounds = Number(values.rounds);
  if (!(plan.rounds >= 1)) throw new Error("--rounds takes a number from 1");
  const common = {
    jsonPath: values.json,
    writesReadme: values.readme,
    headgatePath: values.headgate,
    dir: values.dir,
    profile: values["cpu-prof"],
  };
  return { plan: { ...plan, ...common }, values };
}
