// `npm run bench:overload`: installs and builds what is missing, then measures what becomes of calls when there are too many.
import { prepare } from "./lib/prepare.mjs";
import { runChild } from "./lib/run-child.mjs";

prepare();
process.exitCode = await runChild(["bench/overload.mjs", ...process.argv.slice(2)]);
