// Prints what the profiler wrote.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { busySeconds, topFunctions } from "./top-functions.mjs";

/** One profile per thread; those that did next to nothing are left out. The files stay, for a viewer. @param {string} profileDir */
export function printProfiles(profileDir) {
  const files = readdirSync(profileDir).map((file) => join(profileDir, file));
  for (const file of files) if (busySeconds(file) > 0.5) process.stdout.write(`\n${topFunctions(file, 40)}\n`);
}
