// What every command needs first: a Node.js that fits, the dependencies, and (where the command runs Headgate) the build.
import { buildIfNeeded } from "./build.mjs";
import { installIfNeeded } from "./install.mjs";
import { requireNode } from "./require-node.mjs";

/** Ends the process with a message when something is missing that it can't bring. Silent and quick when nothing is to be done. */
export function prepare({ build = true } = {}) {
  requireNode();
  installIfNeeded();
  if (build) buildIfNeeded();
}
