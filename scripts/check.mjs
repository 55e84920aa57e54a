// `npm run check`: types, lint, format and import boundaries, unused code. Runs all of them, whatever the others say.
import { spawn } from "node:child_process";
import { prepare } from "./lib/prepare.mjs";
import { projectRoot } from "./lib/project.mjs";

const checks = [
  { name: "types (tsc)", args: ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"] },
  { name: "types of the dashboard (tsc)", args: ["node_modules/typescript/bin/tsc", "-p", "dashboard/tsconfig.json"] },
  {
    name: "lint, format, boundaries (biome)",
    args: ["node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
  },
  { name: "unused files, dependencies, exports (knip)", args: ["node_modules/knip/bin/knip.js", "--no-progress"] },
];

prepare({ build: false });
const running = checks.map((check) => run(check.args));
let failed = 0;
for (const [index, check] of checks.entries()) {
  const { code, output } = await running[index];
  process.stdout.write(`${code === 0 ? "ok    " : "FAILED"} ${check.name}\n`);
  if (code === 0) continue;
  failed += 1;
  process.stdout.write(`${output}\n`);
}
process.exitCode = failed === 0 ? 0 : 1;

/** Resolves to the exit code and what was printed, in order; never rejects. */
function run(args) {
  const env = { ...process.env };
  if (process.stdout.isTTY && env.NO_COLOR === undefined) env.FORCE_COLOR = "1";
  const child = spawn(process.execPath, args, { cwd: projectRoot, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ code: 1, output: error.message }));
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
