// A build of a commit, apart from the working folder.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("../../", import.meta.url));
const lockFile = "package-lock.json";

/**
 * @param {string} name a folder with a checkout, which is built where it is when its sources have changed, or what git takes for a commit
 * @param {string} dir where the commit goes; must not exist yet
 * @param {(text: string) => void} say
 * @returns {{ title: string, headgatePath: string }}
 */
export function checkout(name, dir, say) {
  const folder = resolve(name);
  if (existsSync(join(folder, "package.json"))) {
    say(`building ${folder}`);
    run(process.execPath, ["-e", buildIfNeeded, folder], folder);
    return { title: name, headgatePath: join(folder, "dist/main.js") };
  }
  const commit = output("git", ["rev-parse", "--verify", `${name}^{commit}`], project);
  const title = output("git", ["log", "-1", "--format=%h %s", commit], project);
  say(`checking out and building ${title}`);
  run("git", ["clone", "--quiet", "--shared", "--no-checkout", project, dir], project);
  run("git", ["checkout", "--quiet", "--detach", commit], dir);
  bringDependencies(dir);
  run(process.execPath, ["scripts/build.mjs"], dir);
  return { title, headgatePath: join(dir, "dist/main.js") };
}

const buildIfNeeded = `
  const { pathToFileURL } = require("node:url");
  import(pathToFileURL(process.argv[1] + "/scripts/lib/prepare.mjs").href).then(({ prepare }) => prepare());
`;

/** The same dependencies are linked, file by file, or copied where the disk is another; the build installs others. */
function bringDependencies(dir) {
  const lock = (folder) => readFileSync(join(folder, lockFile), "utf8");
  const modules = join(project, "node_modules");
  if (!existsSync(modules) || lock(project) !== lock(dir)) return;
  for (const options of ["-al", "-a"]) {
    const copied = spawnSync("cp", [options, modules, join(dir, "node_modules")], { stdio: "ignore" });
    if (copied.status === 0) return;
    rmSync(join(dir, "node_modules"), { recursive: true, force: true });
  }
}

function run(file, args, cwd) {
  const result = spawnSync(file, args, { cwd, stdio: ["ignore", 2, 2] });
  if (result.status !== 0) throw new Error(`${file} ${args[0]} failed in ${cwd}`);
}

function output(file, args, cwd) {
  const result = spawnSync(file, args, { cwd, encoding: "utf8" });
  if (result.status !== 0) throw new Error(`neither a folder nor a commit: ${args.at(-1)}\n${result.stderr}`);
  return result.stdout.trim();
}
