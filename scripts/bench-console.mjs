// `npm run bench:console`: installs and builds what is missing, then measures the console's pages over a large ledger.
import { prepare } from "./lib/prepare.mjs";
import { runChild } from "./lib/run-child.mjs";

prepare();
process.exitCode = await runChild(["bench/console.mjs", ...process.argv.slice(2)]);
