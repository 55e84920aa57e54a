// Makes a scriptable provider answer the calls of a tally, and keeps what it has done for each: the other side's books.
import { type Answer, openaiError } from "../provider/answer.ts";
import { answerSteps } from "../provider/behaviour.ts";
import { defaultSettings } from "../provider/settings.ts";
import type { Step } from "../provider/step.ts";
import { usualAnswer } from "../provider/usual-answer.ts";
import type { Provider } from "../provider.ts";
import { type TallyKind, usageOf, word, wordsSeen } from "./tally-call.ts";

/** What a provider meant to do with one request. */
export type Done = "answered" | "failed" | "refused" | "begun";

/** Everything that the providers of one tally saw, in order, by the call's number. */
export class Books {
  readonly arrivals = new Map<number, Done[]>();

  /** `done` may depend on how often the call has come before, at any provider. */
  note(number: number, done: (before: number) => Done): Done {
    const before = this.arrivals.get(number) ?? [];
    const result = done(before.length);
    this.arrivals.set(number, [...before, result]);
    return result;
  }
}

const hedgedDelayMs = 400;

export function answerTally(provider: Provider, books: Books): void {
  provider.on(
    (request) => request.json?.tally !== undefined,
    (request) => {
      const { number, kind } = request.json.tally as { number: number; kind: TallyKind };
      let first = false;
      const done = books.note(number, (before) => {
        first = before === 0;
        return doneWith(kind, before);
      });
      if (done === "failed") return { kind: "answer", status: 500, body: { error: { message: "scripted failure" } } };
      if (done === "refused") return answerSteps(openaiError(400, "scripted refusal"));
      const usage = { ...usageOf(number, kind) };
      const answer = usualAnswer(request, { ...defaultSettings(), usage, text: word.repeat(20) });
      if (done === "begun") return begun(answer, kind);
      if (kind === "hedged" && first && number % 3 === 0) return [{ waitMs: hedgedDelayMs }, ...answerSteps(answer)];
      return answerSteps(answer, answer.chunks.length > 3 ? number % 4 : undefined);
    },
  );
}

function doneWith(kind: TallyKind, before: number): Done {
  if (kind === "failed" || (kind === "retried" && before === 0)) return "failed";
  if (kind === "refused") return "refused";
  return kind === "left" || kind === "broken" ? "begun" : "answered";
}

/** The first chunk of a chat stream names the role; then come the words. */
function begun(answer: Answer, kind: TallyKind): Step[] {
  const steps = answerSteps({ ...answer, chunks: answer.chunks.slice(0, 1 + wordsSeen) });
  const end: Step = kind === "left" ? { hang: true } : { reset: "rst" };
  return [...steps.slice(0, -1), ...(kind === "broken" ? [{ waitMs: 30 }] : []), end];
}
