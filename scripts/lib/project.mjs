// Where the project is, and how its scripts speak: on stderr, so that stdout stays the program's own.
import { fileURLToPath } from "node:url";

/** The project's root folder, with a trailing separator. */
export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

/** The absolute path of `path`, given from the root. */
export function inProject(path) {
  return `${projectRoot}${path}`;
}

export function say(text) {
  process.stderr.write(`headgate: ${text}\n`);
}

/** Ends the process with a message that says what to do. */
export function giveUp(text, exitCode = 1) {
  say(text);
  process.exit(exitCode);
}
