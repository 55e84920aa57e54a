// Load at a fixed rate, whatever the answers do.
import { completionBody } from "./answers.mjs";
import { Connection } from "./connection.mjs";
import { completionRequest } from "./requests.mjs";

const connectionCount = 32;

/**
 * Sends completions at `perSecond` for `seconds` and returns how long each took, in ms; a request that has to wait
 * for a free connection is timed from when it should have been sent, so that a stall counts for all that it holds up.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ perSecond: number, seconds: number, requests?: Buffer[], expected?: Buffer, firstsMs?: number[] }} load `requests` are sent in
 * turn; by default the subject's own plain completion; `expected` is the body of the answers; `firstsMs` collects the times until it began
 * @returns {Promise<number[]>}
 */
export async function paced(subject, load) {
  const { perSecond, seconds, requests = [completionRequest(subject)], expected = completionBody, firstsMs } = load;
  const total = Math.round(perSecond * seconds);
  const latenciesMs = [];
  const free = [];
  /** Those that wait for a connection, and since when. */
  const waiting = [];
  let timer;
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const open = await Promise.all(Array.from({ length: connectionCount }, () => Connection.open(subject, (error) => fail(error))));
  free.push(...open);

  const run = new Promise((resolve) => {
    const send = (connection, { request, since }) =>
      connection.send(request, expected, () => {
        latenciesMs.push(performance.now() - since);
        if (connection.firstByteAt > 0) firstsMs?.push(connection.firstByteAt - since);
        subject.answered++;
        if (latenciesMs.length === total) resolve();
        const next = waiting.shift();
        if (next === undefined) free.push(connection);
        else send(connection, next);
      });
    let sent = 0;
    const startedAt = performance.now();
    const tick = () => {
      const connection = free.pop();
      const due = { request: requests[sent % requests.length], since: performance.now() };
      if (connection === undefined) waiting.push(due);
      else send(connection, due);
      sent++;
      if (sent < total) timer = setTimeout(tick, startedAt + (sent * 1000) / perSecond - performance.now());
    };
    tick();
  });
  try {
    await Promise.race([failed, run]);
  } finally {
    clearTimeout(timer);
    subject.answered -= open.reduce((sum, connection) => sum + connection.failures, 0);
    for (const connection of open) connection.close();
  }
  return latenciesMs;
}
