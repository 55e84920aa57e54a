// `npm run bench:identity`: installs and builds what is missing, then measures how little callers notice of identity providers.
import { prepare } from "./lib/prepare.mjs";
import { runChild } from "./lib/run-child.mjs";

prepare();
process.exitCode = await runChild(["bench/identity.mjs", ...process.argv.slice(2)]);
