// Whether Headgate accounted for exactly what it answered: figures of a proxy that loses its books would say nothing.
import { usagePerAnswer } from "../load/answers.mjs";
import { untilLedgerHas } from "../subjects/headgate.mjs";

/**
 * @param {import("../subjects/subject.mjs").Subject} headgate
 * @returns {Promise<{ isRight: boolean, answered: number, text: string }>}
 */
export async function checkLedger(headgate) {
  const { answered } = headgate;
  const row = await untilLedgerHas(headgate, answered);
  const right = {
    requests: answered,
    errors: 0,
    interrupted_requests: 0,
    estimated_requests: 0,
    input_tokens: answered * usagePerAnswer.inputTokens,
    output_tokens: answered * usagePerAnswer.outputTokens,
  };
  const wrong = Object.keys(right).filter((name) => row[name] !== right[name]);
  if (wrong.length > 0) {
    return {
      isRight: false,
      answered,
      text: wrong.map((name) => `${name} is ${row[name]}, should be ${right[name]}`).join("; "),
    };
  }
  return {
    isRight: true,
    answered,
    text: `${answered.toLocaleString("en-US")} requests answered, as many settled rows, every token counted`,
  };
}
