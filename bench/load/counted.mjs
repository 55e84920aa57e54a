// Load of a number of requests, over connections that are kept.
import { Connection } from "./connection.mjs";

/**
 * Runs `count` requests over `connections` connections, each sending its next one when the last is answered, and adds those
 * answered rightly to `subject.answered`. What fails is counted, and goes on with a new connection.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ connections: number, count: number, request: Buffer, expected: Buffer }} load `expected`: the body of every answer
 * @returns {Promise<{ answered: number, errors: string[], seconds: number }>} `errors`: what went wrong, once each
 */
export async function counted(subject, { connections, count, request, expected }) {
  const startedAt = performance.now();
  const errors = [];
  let left = count;
  let answered = 0;
  const caller = async () => {
    while (left > 0) {
      let connection;
      try {
        await new Promise((resolve, reject) => {
          const next = () => {
            if (left === 0) return resolve();
            left--;
            connection.send(request, expected, () => {
              answered++;
              next();
            });
          };
          Connection.open(subject.port, reject).then((opened) => {
            connection = opened;
            next();
          }, reject);
        });
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error));
        if (errors.length > 1000) throw new Error(`more than 1000 errors, the last one: ${errors.at(-1)}`, { cause: error });
      } finally {
        connection?.close();
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  subject.answered += answered;
  return { answered, errors, seconds: (performance.now() - startedAt) / 1000 };
}
