// Load in which each connection sends its next request as soon as the answer to the last one is whole.
import { completionBody } from "./answers.mjs";
import { Connection } from "./connection.mjs";
import { completionRequest } from "./requests.mjs";

/**
 * Runs completions against `subject` for a time, and adds those answered to `subject.answered`.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ connections: number, seconds: number, latenciesMs?: number[], requests?: Buffer[], expected?: Buffer }} load `latenciesMs` collects
 * the time of each request; `requests` are sent in turn, by default the subject's own plain completion; `expected` is the body of the answers
 * @returns {Promise<{ requests: number, failures: number, seconds: number }>}
 */
export async function closedLoop(subject, load) {
  const { connections, seconds, latenciesMs, requests: list = [completionRequest(subject)], expected = completionBody } = load;
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(subject, (error) => fail(error))));
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  let requests = 0;
  let turn = 0;

  const run = (connection) =>
    new Promise((resolve) => {
      let sentAt = 0;
      const send = () => {
        sentAt = performance.now();
        connection.send(list[turn], expected, answered);
        turn = (turn + 1) % list.length;
      };
      const answered = () => {
        const now = performance.now();
        requests++;
        latenciesMs?.push(now - sentAt);
        if (now < endAt) send();
        else resolve();
      };
      send();
    });

  const failuresOf = () => open.reduce((sum, connection) => sum + connection.failures, 0);
  try {
    await Promise.race([failed, Promise.all(open.map(run))]);
  } finally {
    subject.answered += requests - failuresOf();
    for (const connection of open) connection.close();
  }
  const failures = failuresOf();
  return { requests: requests - failures, failures, seconds: (performance.now() - startedAt) / 1000 };
}
