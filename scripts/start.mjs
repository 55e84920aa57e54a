// `npm start` and `npm run demo`: installs and builds what is missing, then becomes Headgate. Needs only Node.js and npm.
import { prepare } from "./lib/prepare.mjs";
import { inProject } from "./lib/project.mjs";
import { passStopSignalsOnce } from "./lib/stop-signals.mjs";

prepare();
const args = process.argv.slice(2);
// In this process rather than a child: its signals, exit code and memory are Headgate's own, and nothing is left behind.
passStopSignalsOnce();
process.argv.splice(1, args.length + 1, inProject("dist/main.js"), ...(args.length === 0 ? ["start"] : args));
await import("../dist/main.js");
