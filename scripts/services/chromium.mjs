// The browser of the tests: finds Chromium or installs it, and says how it is started.
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { findOrInstall } from "./apt.mjs";

const programs = ["chromium", "chromium-browser", "google-chrome"];

/** The path of the first of `chromium`, `chromium-browser` and `google-chrome` on PATH, or null. */
export function findChromium() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = programs.flatMap((program) => folders.map((folder) => join(folder, program)));
  return candidates.find(isProgram) ?? null;
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Its path, after an installation with apt-get where need be. Throws an error that says exactly what is missing. */
export function installChromium({ log } = {}) {
  return findOrInstall({
    name: "Chromium",
    programs: `program \`${programs.join("`, `")}\` on PATH, or its path in HEADGATE_TEST_CHROMIUM`,
    packageName: "chromium",
    find: findChromium,
    log,
  });
}

/** For playwright-core's `chromium.launch`, which gives each browser a profile of its own and removes it. */
export function chromiumLaunchOptions(executablePath) {
  const args = [
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  // Chromium's sandbox refuses to run as root.
  return { executablePath, args, chromiumSandbox: process.getuid?.() !== 0 };
}
