// Compiles src/ to dist/ when dist/ isn't what src/ would give.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { giveUp, inProject, projectRoot, say } from "./project.mjs";

const stamp = "dist/.build-of";

/** Builds unless dist/ was built from exactly these sources with this compiler. */
export function buildIfNeeded() {
  const sources = digestOfSources();
  if (existsSync(inProject(stamp)) && readFileSync(inProject(stamp), "utf8") === sources) return;
  build(sources);
}

/** Builds from scratch: nothing of a deleted source survives, and a failed build leaves no stamp, so that the next one tries again. */
export function build(sources = digestOfSources()) {
  say("building (tsc)");
  rmSync(inProject("dist"), { recursive: true, force: true });
  const tsc = inProject("node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [tsc, "-p", "tsconfig.build.json"], { cwd: projectRoot, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) giveUp("the build failed; the compiler's messages are above.");
  writeFileSync(inProject(stamp), sources);
}

/** Contents, not times: a fresh clone, a branch switch and a copied folder all have times that say nothing. */
function digestOfSources() {
  const hash = createHash("sha256");
  const files = readdirSync(inProject("src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !/\.(test|contract)\.ts$/.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const file of ["tsconfig.json", "tsconfig.build.json", "node_modules/typescript/package.json"]
    .map(inProject)
    .concat(files)) {
    hash.update(`${file.slice(projectRoot.length)}\0`).update(createHash("sha256").update(readFileSync(file)).digest());
  }
  return hash.digest("hex");
}
