// `npm run soak`: installs and builds what is missing, then keeps a Headgate busy for hours and looks at its memory.
import { prepare } from "./lib/prepare.mjs";
import { runChild } from "./lib/run-child.mjs";

prepare();
process.exitCode = await runChild(["bench/soak.mjs", ...process.argv.slice(2)]);
