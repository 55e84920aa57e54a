// Load of many streamed completions side by side.
import { streamEvents } from "./answers.mjs";
import { Connection } from "./connection.mjs";
import { streamRequest } from "./requests.mjs";

/** So many streams are beginning at one time. */
const openingAtOnce = 100;
/** Chunks are timed from so long after the last stream has begun: the wave of its beginning has passed. */
const calmMs = 500;

/**
 * Runs `streams` streamed completions of `chunkCount` chunks each at the same time, until all have ended.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ streams: number, chunkCount: number, intervalMs: number, isStamped?: boolean, onAllOpen?: () => void }} load `isStamped`: the
 * delay of each chunk is measured; `onAllOpen` is called when all have been running side by side for half a second
 * @returns {Promise<{ chunks: number, bodyReads: number, seconds: number, firstsMs: number[], delaysMs: number[], failures: number }>}
 * `bodyReads` near `chunks`: they arrived one by one; `firstsMs`: until the body of each began; `delaysMs`: from the provider's write to the
 * caller's read, of chunks that came when all were running
 */
export async function streams(subject, load) {
  const { streams: streamCount, chunkCount, intervalMs, isStamped = false, onAllOpen = () => {} } = load;
  const request = streamRequest(subject, { chunkCount, intervalMs, isStamped, isAtOnce: true });
  const { chunks, done } = streamEvents(chunkCount, isStamped);
  const expected = Buffer.concat([...chunks, done]);
  const open = [];
  const firstsMs = [];
  const delaysMs = [];
  let isCalm = false;
  const onDelay = (delayMs) => {
    if (isCalm) delaysMs.push(delayMs);
  };
  let timer;
  const startedAt = performance.now();
  try {
    await new Promise((resolve, reject) => {
      const running = [];
      const run = (connection) => {
        if (isStamped) connection.readStamps(onDelay);
        const sentAt = performance.now();
        return new Promise((ended) => {
          connection.send(request, expected, () => {
            if (connection.firstByteAt > 0) firstsMs.push(connection.firstByteAt - sentAt);
            if (connection.failures === 0) subject.answered++;
            ended();
          });
        });
      };
      let left = streamCount;
      const openNext = async () => {
        while (left-- > 0) {
          const connection = await Connection.open(subject, reject);
          open.push(connection);
          const ended = run(connection);
          running.push(ended);
          // the next begins when this one has: a burst of all at once would be overload, which is another measure
          const begun = new Promise((resolve) => {
            connection.onFirstByte = resolve;
          });
          await Promise.race([begun, ended]);
        }
      };
      const runAll = async () => {
        await Promise.all(Array.from({ length: Math.min(openingAtOnce, streamCount) }, openNext));
        timer = setTimeout(() => {
          isCalm = true;
          onAllOpen();
        }, calmMs);
        await Promise.all(running);
      };
      runAll().then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    for (const connection of open) connection.close();
  }
  const bodyReads = open.reduce((sum, connection) => sum + connection.bodyReads, 0);
  const failures = open.reduce((sum, connection) => sum + connection.failures, 0);
  const seconds = (performance.now() - startedAt) / 1000;
  return { chunks: streamCount * chunkCount, bodyReads, seconds, firstsMs, delaysMs, failures };
}
