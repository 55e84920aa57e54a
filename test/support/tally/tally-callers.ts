// Callers with the official SDKs who make one call of the tally after the other, at any replica, and note what they got.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { type TallyCall, tallyCall, wordsSeen } from "./tally-call.ts";

export interface TallyCallersOptions {
  /** Where a call may go at this moment: the URLs of the replicas that are up. */
  urls: () => readonly string[];
  keys: readonly string[];
  calls: number;
}

export class TallyCallers {
  readonly calls: TallyCall[] = [];
  readonly #options: TallyCallersOptions;
  #next = 0;

  constructor(options: TallyCallersOptions) {
    this.#options = options;
  }

  get finished(): number {
    return this.calls.length;
  }

  /** Resolves when all calls have been made: one caller per key, one call at a time. */
  async run(): Promise<void> {
    await Promise.all(this.#options.keys.map((key, caller) => this.#keepCalling(key, caller)));
  }

  async #keepCalling(key: string, caller: number): Promise<void> {
    while (this.#next < this.#options.calls) {
      const call = tallyCall(this.#next++);
      const urls = this.#options.urls();
      const url = urls[(caller + call.number) % urls.length] as string;
      const noting = notingFetch(call);
      await (call.kind.startsWith("messages") ? callAnthropic(call, url, key, noting) : callOpenAi(call, url, key, noting)).catch(
        (error: unknown) => note(call, error),
      );
      this.calls.push(call);
    }
  }
}

/** SDKs tell of an answer's head only when they like it. */
function notingFetch(call: TallyCall): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    call.requestId = response.headers.get("x-request-id");
    call.status = response.status;
    call.errorSource = response.headers.get("x-headgate-error-source");
    return response;
  };
}

function note(call: TallyCall, error: unknown): void {
  call.errorText = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

async function callOpenAi(call: TallyCall, url: string, apiKey: string, noting: typeof fetch): Promise<void> {
  const client = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0, timeout: 60_000, fetch: noting });
  const body = call.body as never;
  if (call.kind === "embeddings") await client.embeddings.create(body);
  else if (call.kind === "responses_stream") await readAll((await client.responses.create(body)) as never);
  else if (call.body.stream === true) {
    const stream = (await client.chat.completions.create(body)) as unknown as AsyncIterable<ChatChunk> & {
      controller: AbortController;
    };
    if (call.kind === "left") return leave(stream);
    await readAll(stream);
  } else await client.chat.completions.create(body);
  call.isComplete = true;
}

async function callAnthropic(call: TallyCall, url: string, apiKey: string, noting: typeof fetch): Promise<void> {
  const client = new Anthropic({ apiKey, baseURL: url, maxRetries: 0, timeout: 60_000, fetch: noting });
  const answer: unknown = await client.messages.create(call.body as never);
  if (call.body.stream === true) await readAll(answer as AsyncIterable<unknown>);
  call.isComplete = true;
}

interface ChatChunk {
  choices: { delta: { content?: string | null } }[];
}

/** Goes when all that will come has come. */
async function leave(stream: AsyncIterable<ChatChunk> & { controller: AbortController }): Promise<void> {
  let words = 0;
  for await (const chunk of stream) {
    if ((chunk.choices[0]?.delta.content ?? "") !== "") words++;
    if (words === wordsSeen) {
      stream.controller.abort();
      return;
    }
  }
}

async function readAll(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const _event of stream) {
    // only its end matters
  }
}
