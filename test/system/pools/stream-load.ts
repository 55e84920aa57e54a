// Hundreds of streams at a time through one Headgate: begun together, followed to their ends.
import type { RawResponse } from "../../support/raw-http/raw-response.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";

const terminators = { chat: "data: [DONE]\n\n", messages: 'data: {"type":"message_stop"}\n\n' };

/** Begins `count` streams, every other one an Anthropic client's, a few dozen at a time; resolves when all have their first word. */
export async function beginStreams(url: string, key: string, model: string, count: number): Promise<BegunStream[]> {
  const streams: BegunStream[] = [];
  const workers = Array.from({ length: 32 }, async () => {
    while (streams.length < count) {
      const stream = new BegunStream(streams.length % 2 === 0 ? "chat" : "messages");
      streams.push(stream);
      await stream.begin(url, key, model);
    }
  });
  await Promise.all(workers);
  return streams;
}

export class BegunStream {
  readonly kind: "chat" | "messages";
  #response: RawResponse | null = null;

  constructor(kind: "chat" | "messages") {
    this.kind = kind;
  }

  async begin(url: string, key: string, model: string): Promise<void> {
    const isChat = this.kind === "chat";
    const headers: Record<string, string> = isChat
      ? { authorization: `Bearer ${key}` }
      : { "x-api-key": key, "anthropic-version": "2023-06-01" };
    const body = { model, stream: true, max_tokens: 1000, messages: [{ role: "user", content: "hi" }] };
    const target = isChat ? "/v1/chat/completions" : "/v1/messages";
    const connection = await rawConnect(url);
    connection.send(rawRequestBytes(url, { method: "POST", target, headers, body }));
    this.#response = connection.expect("POST");
    await this.#response.untilBody("word", 30_000);
  }

  get response(): RawResponse {
    if (this.#response === null) throw new Error("the stream has not begun");
    return this.#response;
  }

  /** The words that have come. */
  get words(): number {
    return this.response.text.split("word ").length - 1;
  }

  /** How it ended: "200 complete, with its terminator". */
  async outcome(timeoutMs: number): Promise<string> {
    const { response } = this;
    await response.done(timeoutMs);
    const { text, status, ended } = response;
    return `${status} ${ended}, ${text.endsWith(terminators[this.kind]) ? "with its terminator" : `ends with ${text.slice(-120)}`}`;
  }
}
