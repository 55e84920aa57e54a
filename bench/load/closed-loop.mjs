// Load in which each connection sends its next request as soon as the answer to the last one is whole.
import { completionBody } from "./answers.mjs";
import { Connection } from "./connection.mjs";
import { completionRequest } from "./requests.mjs";

/**
 * Runs plain completions against `subject` for a time, and adds those answered to `subject.answered`.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ connections: number, seconds: number, latenciesMs?: number[] }} load `latenciesMs` collects the time of each request
 * @returns {Promise<{ requests: number, seconds: number }>}
 */
export async function closedLoop(subject, { connections, seconds, latenciesMs }) {
  const request = completionRequest(subject);
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const open = await Promise.all(
    Array.from({ length: connections }, () => Connection.open(subject.port, (error) => fail(error))),
  );
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  let requests = 0;

  const run = (connection) =>
    new Promise((resolve) => {
      let sentAt = 0;
      const send = () => {
        sentAt = performance.now();
        connection.send(request, completionBody, answered);
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

  try {
    await Promise.race([failed, Promise.all(open.map(run))]);
  } finally {
    subject.answered += requests;
    for (const connection of open) connection.close();
  }
  return { requests, seconds: (performance.now() - startedAt) / 1000 };
}
