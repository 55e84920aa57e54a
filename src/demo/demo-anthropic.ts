// The demo provider's Messages API, in Anthropic's shapes and order of events.
import { randomUUID } from "node:crypto";
import type { DemoBody, DemoEvent, DemoReply } from "./demo-reply.ts";
import { contentText, demoAnswer, messageTexts } from "./demo-text.ts";

/** `POST /v1/messages`. */
export function demoMessage(body: DemoBody): DemoReply {
  const system = contentText(body.system);
  const answer = demoAnswer(body.model, [...(system === "" ? [] : [system]), ...messageTexts(body.messages)], body.max_tokens);
  const stop_reason = answer.truncated ? "max_tokens" : "end_turn";
  const message = { id: `msg_demo_${randomUUID()}`, type: "message", role: "assistant", model: body.model, stop_sequence: null };
  const usage = (output_tokens: number) => ({
    input_tokens: answer.inputTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens,
  });
  if (body.stream !== true) {
    const content = [{ type: "text", text: answer.text }];
    return { status: 200, body: { ...message, content, stop_reason, usage: usage(answer.outputTokens) } };
  }
  const events: [type: string, fields: object, afterMs?: number][] = [
    ["message_start", { message: { ...message, content: [], stop_reason: null, usage: usage(1) } }],
    ["content_block_start", { index: 0, content_block: { type: "text", text: "" } }],
    ["ping", {}],
    ...answer.words.map((text): [string, object, number] => {
      return ["content_block_delta", { index: 0, delta: { type: "text_delta", text } }, answer.paceMs];
    }),
    ["content_block_stop", { index: 0 }],
    ["message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: answer.outputTokens } }],
    ["message_stop", {}],
  ];
  return { events: events.map(([type, fields, afterMs]): DemoEvent => ({ event: type, data: { type, ...fields }, afterMs })) };
}
