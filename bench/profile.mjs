// Prints the functions that took the most time in CPU profiles: `node bench/profile.mjs [--top N] FILE.cpuprofile …`
import { parseArgs } from "node:util";
import { topFunctions } from "./report/top-functions.mjs";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { top: { type: "string", default: "40" } } });
if (positionals.length === 0) {
  process.stderr.write("usage: node bench/profile.mjs [--top N] FILE.cpuprofile …\n");
  process.exitCode = 1;
}
for (const path of positionals) process.stdout.write(`${topFunctions(path, Number(values.top))}\n\n`);
