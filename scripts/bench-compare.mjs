// `npm run bench:compare -- A B`: installs and builds what is missing, then measures two commits side by side.
import { prepare } from "./lib/prepare.mjs";
import { runChild } from "./lib/run-child.mjs";

prepare();
process.exitCode = await runChild(["bench/compare.mjs", ...process.argv.slice(2)]);
