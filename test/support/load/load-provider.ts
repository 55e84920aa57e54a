// Makes the scriptable provider answer the calls of a load: each with the tokens that are its own, in the shape it asks for.
import type { Answer } from "../provider/answer.ts";
import { answerSteps } from "../provider/behaviour.ts";
import { defaultSettings } from "../provider/settings.ts";
import { usualAnswer } from "../provider/usual-answer.ts";
import type { Provider } from "../provider.ts";
import { tokensOf } from "./load-call.ts";

/** Answers every call of a load; the list returned gets the number of each that arrived, in order of arrival. */
export function answerLoad(provider: Provider): number[] {
  const seen: number[] = [];
  provider.on(
    (request) => request.json?.load !== undefined,
    (request) => {
      const { number, shape, words, everyMs } = request.json.load;
      seen.push(number);
      const none = { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0 };
      const usage = { ...tokensOf(number), ...none };
      const answer = usualAnswer(request, { ...defaultSettings(), usage, text: "word ".repeat(words) });
      return answerSteps(shape === "chunked" ? inPieces(answer, 4) : answer, everyMs > 0 ? everyMs : undefined);
    },
  );
  return seen;
}

function inPieces(answer: Answer, count: number): Answer {
  const whole = Buffer.concat(answer.chunks);
  const size = Math.ceil(whole.length / count);
  const chunks = Array.from({ length: count }, (_, index) => whole.subarray(index * size, (index + 1) * size));
  return { ...answer, chunks, framing: "chunked" };
}
