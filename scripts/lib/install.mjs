// Brings node_modules to what package-lock.json says, and does nothing when it is there already.
import { spawnSync } from "node:child_process";
import { lstatSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { giveUp, inProject, projectRoot, say } from "./project.mjs";

/**
 * Runs `npm ci` unless the installed packages are those of the lock file. npm keeps a list of what it installed
 * (node_modules/.package-lock.json, written last), so this sees a changed lock file, an interrupted or partial
 * installation and a node_modules of another platform, and accepts one made by hand. Node's version plays no part:
 * native packages are prebuilt on Node-API, which is stable across versions, and none has an install script
 * (test/architecture.test.ts holds the lock file to that).
 */
export function installIfNeeded() {
  if (isInstalled()) return;
  // npm would empty the folder that the link leads to, under whoever uses it.
  if (lstatSync(inProject("node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    giveUp("node_modules is a link, and what it leads to does not fit package-lock.json: run 'npm ci' where it is installed.");
  }
  say("installing dependencies (npm ci)");
  // Development dependencies hold the compiler: NODE_ENV=production must not leave them out.
  const args = ["ci", "--include=dev", "--include=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const [command, ...first] = npmCommand();
  const result = spawnSync(command, [...first, ...args], {
    cwd: projectRoot,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32" && command === "npm",
  });
  if (result.error) giveUp(`npm could not be started (${result.error.message}). It comes with Node.js; is it in PATH?`);
  if (result.status !== 0) giveUp(`'npm ci' failed (${result.signal ?? `exit code ${result.status}`}); its output is above.`);
}

/** The npm that started this script where there is one, so that a second installation in PATH isn't mixed in. */
function npmCommand() {
  const started = process.env.npm_execpath;
  return started !== undefined && /npm-cli\.c?js$/.test(started) ? [process.execPath, started] : ["npm"];
}

function isInstalled() {
  const wanted = readPackages("package-lock.json");
  const installed = readPackages(join("node_modules", ".package-lock.json"));
  if (installed === null) return false;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === "") continue;
    const found = installed[path];
    if (found === undefined ? isNeededHere(entry) : !isSamePackage(found, entry)) return false;
  }
  return Object.keys(installed).every((path) => path in wanted);
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(inProject(path), "utf8")).packages;
  } catch (error) {
    if (path === "package-lock.json") throw error;
    return null;
  }
}

function isSamePackage(a, b) {
  return a.version === b.version && a.integrity === b.integrity;
}

/** Optional packages are left out where they don't fit; those without a platform only accompany such a one. */
function isNeededHere(entry) {
  if (!entry.optional) return true;
  if (entry.os === undefined && entry.cpu === undefined) return false;
  return fits(entry.os, process.platform) && fits(entry.cpu, process.arch) && fits(entry.libc, libc);
}

function fits(allowed, value) {
  return allowed === undefined || allowed.includes(value);
}

/** The C library that native packages must have been built for; undefined where there is no choice. */
const libc = process.platform === "linux" ? detectLibc() : undefined;

function detectLibc() {
  process.report.excludeNetwork = true; // a report looks up the host names of open connections, which can take seconds
  return process.report.getReport().header.glibcVersionRuntime === undefined ? "musl" : "glibc";
}
