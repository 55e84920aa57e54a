// The demo provider's chat completions and legacy completions, in OpenAI's shapes.
import { randomUUID } from "node:crypto";
import type { DemoBody, DemoEvent, DemoReply } from "./demo-reply.ts";
import type { DemoAnswer } from "./demo-text.ts";
import { demoAnswer, messageTexts } from "./demo-text.ts";

/** `POST /v1/chat/completions`. */
export function demoChat(body: DemoBody): DemoReply {
  const answer = demoAnswer(body.model, messageTexts(body.messages), body.max_completion_tokens ?? body.max_tokens);
  const finish_reason = answer.truncated ? "length" : "stop";
  if (body.stream === true) {
    const choice = (delta: object) => ({ index: 0, delta, logprobs: null, finish_reason: null });
    return stream(body, envelope(body, "chatcmpl", "chat.completion.chunk"), answer, [
      { choice: choice({ role: "assistant", content: "" }) },
      ...answer.words.map((content) => ({ choice: choice({ content }), afterMs: answer.paceMs })),
      { choice: { index: 0, delta: {}, logprobs: null, finish_reason } },
    ]);
  }
  const message = { role: "assistant", content: answer.text, refusal: null };
  const choices = [{ index: 0, message, logprobs: null, finish_reason }];
  return { status: 200, body: { ...envelope(body, "chatcmpl", "chat.completion"), choices, usage: usage(answer) } };
}

/** `POST /v1/completions`. */
export function demoCompletion(body: DemoBody): DemoReply {
  const prompts = Array.isArray(body.prompt) ? body.prompt.map(String) : [String(body.prompt ?? "")];
  const answer = demoAnswer(body.model, prompts, body.max_tokens);
  const finish_reason = answer.truncated ? "length" : "stop";
  const shape = envelope(body, "cmpl", "text_completion");
  const choice = (text: string, reason: string | null) => ({ text, index: 0, logprobs: null, finish_reason: reason });
  if (body.stream === true) {
    return stream(body, shape, answer, [
      ...answer.words.map((text) => ({ choice: choice(text, null), afterMs: answer.paceMs })),
      { choice: choice("", finish_reason) },
    ]);
  }
  return { status: 200, body: { ...shape, choices: [choice(answer.text, finish_reason)], usage: usage(answer) } };
}

function envelope(body: DemoBody, idPrefix: string, object: string): object {
  const created = Math.floor(Date.now() / 1000);
  return { id: `${idPrefix}-demo-${randomUUID()}`, object, created, model: body.model, system_fingerprint: "fp_headgate_demo" };
}

/** One choice per event; with `include_usage` every event has `usage`, null but for the last, which has no choice. */
function stream(
  body: DemoBody,
  shape: object,
  answer: DemoAnswer,
  choices: readonly { choice: object; afterMs?: number }[],
): DemoReply {
  const asked = (body.stream_options as DemoBody | null | undefined)?.include_usage === true;
  const events: DemoEvent[] = choices.map(({ choice, afterMs }) => ({
    data: { ...shape, choices: [choice], ...(asked ? { usage: null } : {}) },
    afterMs,
  }));
  if (asked) events.push({ data: { ...shape, choices: [], usage: usage(answer) } });
  return { events: [...events, { data: "[DONE]" }] };
}

function usage({ inputTokens, outputTokens }: DemoAnswer): object {
  return { prompt_tokens: inputTokens, completion_tokens: outputTokens, total_tokens: inputTokens + outputTokens };
}
