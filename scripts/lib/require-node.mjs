// Refuses to go on with a Node.js that can't run Headgate, before anything fails in a less obvious way.
import { readFileSync } from "node:fs";
import { giveUp, inProject } from "./project.mjs";

/** Ends the process when this Node.js is older than `engines.node` in package.json (">=major.minor"). */
export function requireNode() {
  const { engines } = JSON.parse(readFileSync(inProject("package.json"), "utf8"));
  const needed = /^>=(\d+)\.(\d+)$/.exec(engines.node);
  const [major, minor] = process.versions.node.split(".").map(Number);
  const neededMajor = Number(needed[1]);
  if (major > neededMajor || (major === neededMajor && minor >= Number(needed[2]))) return;
  giveUp(`Node.js ${needed[1]}.${needed[2]} or newer is needed; this is ${process.versions.node} (${process.execPath}).`);
}
