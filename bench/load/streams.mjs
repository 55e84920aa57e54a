// Load of many streamed completions side by side.
import { streamEvents } from "./answers.mjs";
import { Connection } from "./connection.mjs";
import { streamRequest } from "./requests.mjs";

/**
 * Runs `streams` streamed completions of `chunkCount` chunks each at the same time, until all have ended.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ streams: number, chunkCount: number, intervalMs: number }} load
 * @returns {Promise<{ chunks: number, bodyReads: number, seconds: number }>} `bodyReads` near `chunks`: they arrived one by one
 */
export async function streams(subject, { streams: streamCount, chunkCount, intervalMs }) {
  const request = streamRequest(subject, { chunkCount, intervalMs });
  const { chunks, done } = streamEvents(chunkCount);
  const expected = Buffer.concat([...chunks, done]);
  const open = [];
  const startedAt = performance.now();
  try {
    await new Promise((resolve, reject) => {
      const run = async () => {
        const connection = await Connection.open(subject.port, reject);
        open.push(connection);
        await new Promise((ended) => connection.send(request, expected, ended));
        subject.answered++;
      };
      Promise.all(Array.from({ length: streamCount }, run)).then(resolve, reject);
    });
  } finally {
    for (const connection of open) connection.close();
  }
  const bodyReads = open.reduce((sum, connection) => sum + connection.bodyReads, 0);
  return { chunks: streamCount * chunkCount, bodyReads, seconds: (performance.now() - startedAt) / 1000 };
}
