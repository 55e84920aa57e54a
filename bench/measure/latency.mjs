// How long a request takes when the proxy has little to do, and how long until the first token of a stream is there.
import { streamEvents } from "../load/answers.mjs";
import { closedLoop } from "../load/closed-loop.mjs";
import { paced } from "../load/paced.mjs";
import { streamRequest } from "../load/requests.mjs";
import { percentile } from "../report/statistics.mjs";
import { goFirst } from "../setup/turns-of-cores.mjs";

/** Short streams: what counts is their beginning. */
const stream = { chunkCount: 4, intervalMs: 5, isAtOnce: true };

/**
 * One round against one subject, in µs. While the load is light, load generator and provider are let go first: what they wait for their
 * core is no wait of a caller's.
 * @param {import("../subjects/subject.mjs").Subject} subject
 */
export async function measureLatency(subject, { closedLoopSeconds, pacedPerSecond, pacedSeconds, providerPid = null }) {
  const alone = [];
  await closedLoop(subject, { connections: 1, seconds: closedLoopSeconds, latenciesMs: alone });
  const pace = { perSecond: pacedPerSecond, seconds: pacedSeconds };
  const firstsMs = [];
  const { chunks, done } = streamEvents(stream.chunkCount);
  const expected = Buffer.concat([...chunks, done]);
  const takeBack = goFirst([process.pid, ...(providerPid === null ? [] : [providerPid])]);
  let spread;
  try {
    spread = await paced(subject, pace);
    await paced(subject, { ...pace, requests: [streamRequest(subject, stream)], expected, firstsMs });
  } finally {
    takeBack?.();
  }
  return {
    ...quantiles("alone", alone),
    ...quantiles("paced", spread),
    ...(firstsMs.length === 0 ? {} : quantiles("first", firstsMs)),
  };
}

function quantiles(name, latenciesMs) {
  return {
    [`${name}P50`]: percentile(latenciesMs, 0.5) * 1000,
    [`${name}P99`]: percentile(latenciesMs, 0.99) * 1000,
    [`${name}P999`]: percentile(latenciesMs, 0.999) * 1000,
  };
}
