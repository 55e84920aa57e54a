// Whether Headgate accounted for exactly what it answered: figures of a proxy that loses its books would say nothing.
import { usagePerAnswer } from "../load/answers.mjs";
import { adminToken } from "../subjects/headgate.mjs";

const deadlineMs = 60_000;

/**
 * Waits until the ledger has as many requests as were answered.
 * @param {import("../subjects/subject.mjs").Subject} headgate
 * @returns {Promise<{ isRight: boolean, text: string, waitedMs: number }>}
 */
export async function checkLedger(headgate) {
  const { answered } = headgate;
  const right = {
    requests: answered,
    errors: 0,
    interrupted_requests: 0,
    estimated_requests: 0,
    input_tokens: answered * usagePerAnswer.inputTokens,
    output_tokens: answered * usagePerAnswer.outputTokens,
  };
  const startedAt = Date.now();
  let row = {};
  do {
    row = await usage(headgate);
    if (row.requests >= answered) break;
    await new Promise((wake) => setTimeout(wake, 250));
  } while (Date.now() - startedAt < deadlineMs);
  const waitedMs = Date.now() - startedAt;
  const wrong = Object.keys(right).filter((name) => row[name] !== right[name]);
  if (wrong.length === 0) {
    const text = `${answered} requests answered, as many settled rows, every token counted (last row ${waitedMs} ms after the load)`;
    return { isRight: true, text, waitedMs };
  }
  const text = wrong.map((name) => `${name} is ${row[name]}, should be ${right[name]}`).join("; ");
  return { isRight: false, text, waitedMs };
}

async function usage({ port }) {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const response = await fetch(`http://127.0.0.1:${port}/admin/api/v1/usage?from=${from}&group_by=model`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  if (response.status !== 200) throw new Error(`GET /usage: ${response.status} ${await response.text()}`);
  const { data } = await response.json();
  if (data.length > 1) throw new Error(`the ledger has calls of other models: ${JSON.stringify(data)}`);
  return data[0] ?? { requests: 0 };
}
