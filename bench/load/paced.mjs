// Load at a fixed rate, whatever the answers do.
import { completionBody } from "./answers.mjs";
import { Connection } from "./connection.mjs";
import { completionRequest } from "./requests.mjs";

/** More than ever wait at once at these rates; a request that finds none free is an error. */
const connectionCount = 32;

/**
 * Sends plain completions at `perSecond` for `seconds` and returns how long each took, in ms.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ perSecond: number, seconds: number }} load
 * @returns {Promise<number[]>}
 */
export async function paced(subject, { perSecond, seconds }) {
  const request = completionRequest(subject);
  const latenciesMs = [];
  const total = Math.round(perSecond * seconds);
  let timer;
  const free = [];
  try {
    await new Promise((resolve, reject) => {
      const opening = Array.from({ length: connectionCount }, () => Connection.open(subject.port, reject));
      Promise.all(opening).then((open) => {
        free.push(...open);
        let sent = 0;
        const startedAt = performance.now();
        const tick = () => {
          const connection = free.pop();
          if (connection === undefined) return reject(new Error(`${connectionCount} requests wait at ${perSecond} per second`));
          const sentAt = performance.now();
          connection.send(request, completionBody, () => {
            latenciesMs.push(performance.now() - sentAt);
            subject.answered++;
            free.push(connection);
            if (latenciesMs.length === total) resolve();
          });
          sent++;
          if (sent < total) timer = setTimeout(tick, startedAt + (sent * 1000) / perSecond - performance.now());
        };
        tick();
      }, reject);
    });
  } finally {
    clearTimeout(timer);
    for (const connection of free) connection.close();
  }
  return latenciesMs;
}
