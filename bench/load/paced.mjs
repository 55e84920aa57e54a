// Load at a fixed rate, whatever the answers do.
import { completionBody } from "./answers.mjs";
import { Connection } from "./connection.mjs";
import { completionRequest } from "./requests.mjs";

const connectionCount = 32;

/**
 * Sends plain completions at `perSecond` for `seconds` and returns how long each took, in ms; a request that has to wait
 * for a free connection is timed from when it should have been sent, so that a stall counts for all that it holds up.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ perSecond: number, seconds: number }} load
 * @returns {Promise<number[]>}
 */
export async function paced(subject, { perSecond, seconds }) {
  const request = completionRequest(subject);
  const total = Math.round(perSecond * seconds);
  const latenciesMs = [];
  const free = [];
  /** When those should have been sent that wait for a connection. */
  const waitingSince = [];
  let timer;
  let fail;
  const failed = new Promise((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});
  const open = await Promise.all(
    Array.from({ length: connectionCount }, () => Connection.open(subject.port, (error) => fail(error))),
  );
  free.push(...open);

  const run = new Promise((resolve) => {
    const send = (connection, since) =>
      connection.send(request, completionBody, () => {
        latenciesMs.push(performance.now() - since);
        subject.answered++;
        if (latenciesMs.length === total) resolve();
        const next = waitingSince.shift();
        if (next === undefined) free.push(connection);
        else send(connection, next);
      });
    let sent = 0;
    const startedAt = performance.now();
    const tick = () => {
      const connection = free.pop();
      if (connection === undefined) waitingSince.push(performance.now());
      else send(connection, performance.now());
      sent++;
      if (sent < total) timer = setTimeout(tick, startedAt + (sent * 1000) / perSecond - performance.now());
    };
    tick();
  });
  try {
    await Promise.race([failed, run]);
  } finally {
    clearTimeout(timer);
    for (const connection of open) connection.close();
  }
  return latenciesMs;
}
