// The demo provider's Responses API, in OpenAI's shapes and order of events.
import { randomUUID } from "node:crypto";
import type { DemoBody, DemoEvent, DemoReply } from "./demo-reply.ts";
import type { DemoAnswer } from "./demo-text.ts";
import { demoAnswer, messageTexts } from "./demo-text.ts";

/** `POST /v1/responses`. */
export function demoResponse(body: DemoBody): DemoReply {
  const instructions = typeof body.instructions === "string" ? [body.instructions] : [];
  const answer = demoAnswer(body.model, [...instructions, ...messageTexts(body.input)], body.max_output_tokens);
  const id = randomUUID();
  const status = answer.truncated ? "incomplete" : "completed";
  const item = { id: `msg_demo_${id}`, type: "message", status, role: "assistant", content: [textPart(answer.text)] };
  const createdAt = Math.floor(Date.now() / 1000);
  const at = (state: string, output: object[]) => responseObject(body, id, createdAt, state, output, answer);
  if (body.stream !== true) return { status: 200, body: at(status, [item]) };
  const begun = { response: at("in_progress", []) };
  const place = { item_id: item.id, output_index: 0, content_index: 0 };
  const events: [type: string, fields: object, afterMs?: number][] = [
    ["response.created", begun],
    ["response.in_progress", begun],
    ["response.output_item.added", { output_index: 0, item: { ...item, status: "in_progress", content: [] } }],
    ["response.content_part.added", { ...place, part: textPart("") }],
    ...answer.words.map((delta): [string, object, number] => {
      return ["response.output_text.delta", { ...place, delta, logprobs: [] }, answer.paceMs];
    }),
    ["response.output_text.done", { ...place, text: answer.text, logprobs: [] }],
    ["response.content_part.done", { ...place, part: textPart(answer.text) }],
    ["response.output_item.done", { output_index: 0, item }],
    [`response.${status}`, { response: at(status, [item]) }],
  ];
  return {
    events: events.map(([type, fields, afterMs], sequence_number): DemoEvent => {
      return { event: type, data: { type, sequence_number, ...fields }, afterMs };
    }),
  };
}

function textPart(text: string): object {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

function responseObject(
  body: DemoBody,
  id: string,
  createdAt: number,
  status: string,
  output: object[],
  { inputTokens, outputTokens }: DemoAnswer,
): object {
  const usage = {
    input_tokens: inputTokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: inputTokens + outputTokens,
  };
  return {
    id: `resp_demo_${id}`,
    object: "response",
    created_at: createdAt,
    status,
    error: null,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    model: body.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: 1,
    text: { format: { type: "text" } },
    tool_choice: "none",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: status === "in_progress" ? null : usage,
    user: null,
  };
}
