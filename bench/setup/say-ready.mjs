// How a process of the benchmark tells run.mjs that it listens, and ends when run.mjs is gone.

/** @param {number} port */
export function sayReady(port) {
  process.stdout.write(`ready at http://127.0.0.1:${port}\n`);
  // standard input is a pipe from run.mjs: it closes even when run.mjs was killed
  process.stdin
    .on("end", () => process.exit(0))
    .on("error", () => process.exit(0))
    .resume();
}
