// Bundles src/ to dist/ and dashboard/ to dist/dashboard/, and compiles src/ to compiled/ for tests and tools that take one module of it,
// when they aren't what the sources would give.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { giveUp, inProject, projectRoot, say } from "./project.mjs";

const stamp = "dist/.build-of";

/** Builds unless the last build was of exactly these sources with these tools. */
export function buildIfNeeded() {
  const sources = digestOfSources();
  if (existsSync(inProject(stamp)) && existsSync(inProject("compiled")) && readFileSync(inProject(stamp), "utf8") === sources)
    return;
  build(sources);
}

/** Builds from scratch: nothing of a deleted source survives, and a failed build leaves no stamp, so that the next one tries again. */
export function build(sources = digestOfSources()) {
  say("building (rolldown, tsc, vite)");
  for (const folder of ["dist", "compiled"]) rmSync(inProject(folder), { recursive: true, force: true });
  run("scripts/lib/bundle.mjs", []);
  run("node_modules/typescript/bin/tsc", ["-p", "tsconfig.build.json"]);
  run("node_modules/vite/bin/vite.js", ["build", "dashboard", "--logLevel", "warn"]);
  writeFileSync(inProject(stamp), sources);
}

function run(program, args) {
  const result = spawnSync(process.execPath, [inProject(program), ...args], { cwd: projectRoot, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) giveUp("the build failed; the compiler's messages are above.");
}

/** Contents, not times: a fresh clone, a branch switch and a copied folder all have times that say nothing. */
function digestOfSources() {
  const hash = createHash("sha256");
  const files = ["src", "dashboard"]
    .flatMap((folder) => readdirSync(inProject(folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !/\.(test|contract)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const file of ["tsconfig.json", "tsconfig.build.json", "package-lock.json", "scripts/lib/bundle.mjs"]
    .map(inProject)
    .concat(files)) {
    hash.update(`${file.slice(projectRoot.length)}\0`).update(createHash("sha256").update(readFileSync(file)).digest());
  }
  return hash.digest("hex");
}
