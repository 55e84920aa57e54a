// How long a request takes when the proxy has little to do.
import { closedLoop } from "../load/closed-loop.mjs";
import { paced } from "../load/paced.mjs";
import { percentile } from "../report/statistics.mjs";

/**
 * One round against one subject, in µs.
 * @param {import("../subjects/subject.mjs").Subject} subject
 */
export async function measureLatency(subject, { closedLoopSeconds, pacedPerSecond, pacedSeconds }) {
  const alone = [];
  await closedLoop(subject, { connections: 1, seconds: closedLoopSeconds, latenciesMs: alone });
  const spread = await paced(subject, { perSecond: pacedPerSecond, seconds: pacedSeconds });
  return {
    aloneP50: percentile(alone, 0.5) * 1000,
    aloneP99: percentile(alone, 0.99) * 1000,
    pacedP50: percentile(spread, 0.5) * 1000,
    pacedP99: percentile(spread, 0.99) * 1000,
  };
}
