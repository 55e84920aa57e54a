// How long callers of the data plane wait while somebody clicks through the console, and while nobody does.
import { fileURLToPath } from "node:url";
import { paced } from "../load/paced.mjs";
import { percentile } from "../report/statistics.mjs";
import { loadCore } from "../setup/cores.mjs";
import { startProcess } from "../setup/start-process.mjs";

/** Twice each, so that a slow moment of the machine hits both, and two halves without clicks say what it does by itself. */
const turns = ["quiet", "clicks", "quiet", "clicks"];

/**
 * One round; latencies in ms. `noise`: how far one quiet half's p99 is from the other's.
 * @param {import("../subjects/subject.mjs").Subject} headgate
 * @param {Record<string, string>} tokens by who asks
 * @param {Record<string, string>} known what pages name
 * @param {{ perSecond: number, seconds: number, logPath: string }} plan
 */
export async function measureClicking(headgate, tokens, known, { perSecond, seconds, logPath }) {
  const samples = { quiet: [], clicks: [] };
  for (const turn of turns) {
    const clicker = turn === "clicks" ? await startClicker(headgate, tokens, known, logPath) : null;
    try {
      samples[turn].push(await paced(headgate, { perSecond, seconds }));
    } finally {
      await clicker?.stop();
    }
  }
  const p99 = (parts) => percentile(parts.flat(), 0.99);
  const p50 = (parts) => percentile(parts.flat(), 0.5);
  const [first, second] = samples.quiet;
  return {
    quiet: { p50: p50(samples.quiet), p99: p99(samples.quiet) },
    clicks: { p50: p50(samples.clicks), p99: p99(samples.clicks) },
    noise: Math.abs(p99([first]) - p99([second])),
  };
}

function startClicker({ port }, tokens, known, logPath) {
  return startProcess({
    name: "the clicker",
    command: [
      process.execPath,
      fileURLToPath(new URL("../clicker.mjs", import.meta.url)),
      JSON.stringify({ port, tokens, known }),
    ],
    core: loadCore,
    logPath,
  });
}
