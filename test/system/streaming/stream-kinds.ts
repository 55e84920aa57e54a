// The four kinds of streams in the tables of docs/streaming.md: how each is called, what its text is, and its errors to the byte.
import type { LooseJson } from "../../support/loose-json.ts";

/** An error of Headgate's own as a caller is told it. */
export interface ToldError {
  code: string;
  message: string;
  requestId: string;
}

export interface StreamKind {
  /** Its column. */
  name: string;
  target: string;
  headers(key: string): Record<string, string>;
  body(model: string): object;
  /** Chunks of the scripted provider's usual answer up to the third word of its text. */
  toThirdWord: number;
  /** Those that it has beside its words. */
  otherChunks: number;
  /** The text that an event brings. */
  textIn(event: LooseJson): string | undefined;
  /** What the tables call an error with this code. */
  errorName(code: string): string;
  /** The body of an error answer. */
  errorBody(error: ToldError): string;
  /** The error as an event. */
  errorEvent(error: ToldError): string;
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const question = [{ role: "user", content: "Count." }];

const openaiBody = ({ code, message }: ToldError) =>
  `{"error":{"message":${JSON.stringify(message)},"type":"api_error","param":null,"code":"${code}"}}`;

const anthropicTypes: Record<string, string> = { upstream_timeout: "timeout_error", draining: "overloaded_error" };
const anthropicType = (code: string) => anthropicTypes[code] ?? "api_error";
const anthropicBody = ({ code, message, requestId }: ToldError) =>
  `{"type":"error","error":{"type":"${anthropicType(code)}","message":${JSON.stringify(message)}},"request_id":"${requestId}"}`;

export const streamKinds: readonly StreamKind[] = [
  {
    name: "OpenAI chat",
    target: "/v1/chat/completions",
    headers: bearer,
    body: (model) => ({ model, stream: true, messages: question }),
    toThirdWord: 4,
    otherChunks: 4,
    textIn: (event) => event.choices?.[0]?.delta?.content,
    errorName: (code) => code,
    errorBody: openaiBody,
    errorEvent: (error) => `data: ${openaiBody(error)}\n\n`,
  },
  {
    name: "OpenAI Responses",
    target: "/v1/responses",
    headers: bearer,
    body: (model) => ({ model, stream: true, input: "Count." }),
    toThirdWord: 7,
    otherChunks: 8,
    textIn: (event) => (event.type === "response.output_text.delta" ? event.delta : undefined),
    errorName: (code) => code,
    errorBody: openaiBody,
    errorEvent: ({ code, message }) => {
      const data = `{"type":"error","code":"${code}","message":${JSON.stringify(message)},"param":null,"sequence_number":0}`;
      return `event: error\ndata: ${data}\n\n`;
    },
  },
  {
    name: "Anthropic Messages",
    target: "/v1/messages",
    headers: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
    body: (model) => ({ model, stream: true, max_tokens: 100, messages: question }),
    toThirdWord: 6,
    otherChunks: 6,
    textIn: (event) => event.delta?.text,
    errorName: anthropicType,
    errorBody: anthropicBody,
    errorEvent: (error) => `event: error\ndata: ${anthropicBody(error)}\n\n`,
  },
  {
    name: "unknown",
    target: "/v1/unheard/of",
    headers: bearer,
    body: (model) => ({ model, stream: true, prompt: "Count." }),
    toThirdWord: 3,
    otherChunks: 1,
    textIn: (event) => event.text,
    errorName: (code) => code,
    errorBody: openaiBody,
    errorEvent: (error) => `data: ${openaiBody(error)}\n\n`,
  },
];

/** What an event stream says, its broken and foreign parts left out. */
export function eventsIn(stream: string): LooseJson[] {
  return stream.split("\n\n").flatMap((event) => {
    const data = /^data: (\{.*\})$/m.exec(event)?.[1];
    try {
      return data === undefined ? [] : [JSON.parse(data)];
    } catch {
      return [];
    }
  });
}
