// Runs a Node.js program as a child that is told to stop once for each time this process is asked to.
import { spawn } from "node:child_process";
import { projectRoot } from "./project.mjs";
import { exitCodeOf, repeatDetector, stopSignals } from "./stop-signals.mjs";

/**
 * Runs `node …args` in the project's folder on this terminal and resolves to its exit code (128 + n when signal n ended it).
 * The child has a process group of its own, so that what it hears comes from here alone.
 */
export function runChild(args, { env = process.env } = {}) {
  const isWindows = process.platform === "win32"; // no signals there, and the console tells the child itself
  const child = spawn(process.execPath, args, { cwd: projectRoot, env, stdio: "inherit", detached: !isWindows });
  const isRepeat = repeatDetector();
  const forward = (signal) => {
    if (!isWindows && !isRepeat(signal)) child.kill(signal);
  };
  for (const signal of stopSignals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      for (const each of stopSignals) process.off(each, forward);
      resolve(code ?? exitCodeOf(signal));
    });
  });
}
