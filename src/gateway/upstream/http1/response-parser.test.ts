// However an answer is cut on its way, the same is made of it.
import { describe, expect, it } from "vitest";
import { answerCases, headBytesMax } from "./fixtures/answer-cases.ts";
import { ResponseParser } from "./response-parser.ts";
import type { UpstreamProtocolError } from "./upstream-protocol-error.ts";

/** What a parser makes of an answer that comes in `pieces`. */
function outcomeOf(pieces: readonly Buffer[], isHeadRequest: boolean) {
  const outcome = { status: 0, headers: [] as string[], body: "", end: "", leftBytes: 0 };
  const parser = new ResponseParser(
    {
      onAnswerHead(status, headers) {
        outcome.status = status;
        outcome.headers = headers;
      },
      onAnswerData(chunk) {
        outcome.body += chunk.toString("latin1");
      },
    },
    headBytesMax,
  );
  parser.expect(isHeadRequest);
  try {
    for (const piece of pieces) outcome.leftBytes += piece.length - parser.read(piece);
    outcome.end = parser.isDone ? `done, ${parser.keepAlive}` : parser.endsAtClose ? "goes on until the close" : "goes on";
  } catch (error) {
    outcome.end = (error as UpstreamProtocolError).code;
    outcome.leftBytes = 0;
  }
  return outcome;
}

describe.each(answerCases)("$name", ({ answer, method }) => {
  const bytes = Buffer.from(answer, "latin1");
  const isHeadRequest = method === "HEAD";
  const whole = outcomeOf([bytes], isHeadRequest);

  it("cut in two anywhere", () => {
    for (let at = 1; at < bytes.length; at++) {
      expect(outcomeOf([bytes.subarray(0, at), bytes.subarray(at)], isHeadRequest), `cut at ${at}`).toEqual(whole);
    }
  });

  it("byte by byte", () => {
    const pieces = [...bytes.keys()].map((at) => bytes.subarray(at, at + 1));
    expect(outcomeOf(pieces, isHeadRequest)).toEqual(whole);
  });
});
