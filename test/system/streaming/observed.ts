// What a caller saw and what the ledger says, checked to the byte and put into the words of the tables of docs/streaming.md.
import { expect } from "vitest";
import type { LooseJson } from "../../support/loose-json.ts";
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { eventsIn, type StreamKind, type ToldError } from "./stream-kinds.ts";

/** What keeps connections open; the tests' provider sends these in a stall. */
export const comment = ": keep-alive\n\n";
export const ping = 'event: ping\ndata: {"type": "ping"}\n\n';

const endpointError = "The scripted provider broke this stream.";

/**
 * `endpointText`: what the endpoint would have sent in all, had it gone on; null when it sent an answer of another kind.
 * `code`: the error code that the ledger has.
 */
export function callerSaw(answer: RawResponse, kind: StreamKind, endpointText: string | null, code: string | null): string {
  const requestId = answer.headers["x-request-id"] as string;
  expect(requestId).toMatch(/^req_/);
  if (answer.headers["x-headgate-error-source"] === "upstream") return "the endpoint's answer";
  if (answer.headers["x-headgate-error-source"] === "gateway") return gatewaysAnswer(answer, kind, requestId, code);

  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^text\/event-stream/);
  const { text } = answer;
  const last = /(?:\n\n)?((?:event: \w+\n)?data: (\{.*\})\n\n)$/.exec(text);
  const [, lastEvent = "", lastData] = last ?? [];
  const message = errorMessageIn(lastData);
  const sent = withoutUsageChunk(endpointText as string, kind);
  if (message === null) {
    expectPassed(text, sent);
    if (answer.ended === "cut") return "cut";
    return withoutKeepAlive(text) === sent ? "whole" : "as sent";
  }
  if (message === endpointError) {
    expectPassed(text.slice(0, text.length - lastEvent.length), sent);
    return answer.ended === "cut" ? "the endpoint's event, cut" : "the endpoint's event, as sent";
  }
  // A blank line of its own, so that an event that broke off half-way ends before it.
  const told: ToldError = { code: code as string, message, requestId };
  expect(last?.[0]).toBe(`\n\n${kind.errorEvent(told)}`);
  expectPassed(text.slice(0, last?.index), sent);
  expect(text).not.toMatch(/\[DONE\]|message_stop|response\.completed/);
  return `\`${kind.errorName(told.code)}\` event, ${answer.ended === "cut" ? "cut" : "as sent"}`;
}

function gatewaysAnswer(answer: RawResponse, kind: StreamKind, requestId: string, code: string | null): string {
  const told = answer.headers["x-headgate-error-code"] as string;
  if (code !== null) expect(told).toBe(code);
  expect(answer.headers["content-type"]).toBe("application/json");
  expect(answer.text).toBe(kind.errorBody({ code: told, message: errorMessageIn(answer.text) as string, requestId }));
  expect(answer.ended).toBe("complete");
  return `${answer.status} \`${kind.errorName(told)}\``;
}

function errorMessageIn(json: string | undefined): string | null {
  const data = json === undefined ? null : JSON.parse(json);
  const message = data?.error?.message ?? (data?.type === "error" ? data.message : null);
  return typeof message === "string" && message.length > 10 ? message : null;
}

/** Nothing but what the endpoint sent, from its beginning; keep-alives may stand in between. */
function expectPassed(passed: string, sent: string): void {
  const events = withoutKeepAlive(passed);
  expect(events).toBe(sent.slice(0, events.length));
}

function withoutKeepAlive(text: string): string {
  return text.replaceAll(comment, "").replaceAll(ping, "");
}

/** Nobody asked for it. */
export function withoutUsageChunk(sent: string, kind: StreamKind): string {
  return kind.target.endsWith("/chat/completions") ? sent.replace(/data: \{[^\n]*"choices":\[\][^\n]*\n\n/, "") : sent;
}

/**
 * `passed`: what the caller got of the stream, "" when it got none. `bodyBytes`: of its request.
 * `said`: the usage that the provider reports, in the end or (Anthropic: the input) at the beginning.
 */
export function ledgerSaid(
  row: LooseJson,
  kind: StreamKind,
  { passed, bodyBytes, said }: { passed: string; bodyBytes: number; said: { inputTokens: number; outputTokens: number } },
): string {
  expect(row).toMatchObject({ state: "settled", stream: true, attempts: [{ status: row.status, error: row.error }] });
  const outcome = row.error === null ? `${row.status}` : `${row.status} \`${row.error}\``;
  return `${outcome}, ${tokens()}`;

  function tokens(): string {
    const { input_tokens: input, output_tokens: output } = row.tokens;
    if (row.usage_source === "measured" && input === 0 && output === 0) return "none";
    if (row.usage_source === "measured" && input === said.inputTokens && output === said.outputTokens) return "all";
    const texts = eventsIn(passed).flatMap((event) => kind.textIn(event) || []);
    // Never less than a token for each piece, nor than one for four bytes.
    const seen = Math.max(texts.length, Math.ceil(Buffer.byteLength(texts.join("")) / 4));
    const saidInput = Number(/"input_tokens":(\d+)/.exec(passed)?.[1] ?? Math.ceil(bodyBytes / 4));
    if (row.usage_source === "estimated" && input === saidInput && output === seen) return seen === 0 ? "input" : "seen";
    return `${row.usage_source} ${JSON.stringify(row.tokens)}`;
  }
}
