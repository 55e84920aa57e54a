// `npm run bench`: installs and builds what is missing, then runs the benchmarks (bench/README.md says what they measure).
import { prepare } from "./lib/prepare.mjs";
import { runChild } from "./lib/run-child.mjs";

prepare();
process.exitCode = await runChild(["bench/run.mjs", ...process.argv.slice(2)]);
