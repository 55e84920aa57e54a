// The official clients raise an error wherever a stream breaks: none takes half an answer for a whole one.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { Behaviour } from "../../support/provider/behaviour.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { comment } from "./observed.ts";
import { streamKinds } from "./stream-kinds.ts";

let provider: Provider;
let headgate: Headgate;
let openai: OpenAI;
let anthropic: Anthropic;

beforeAll(async () => {
  provider = await startProvider({ text: "word ".repeat(24).trim() });
  headgate = await startHeadgate();
  const endpoint = { name: "prod", url: `${provider.url}/v1`, sync: false, sync_interval: 0 };
  await headgate.addEndpoint({ ...endpoint, models: ["m"], timeouts: { idle: "600ms" } });
  await headgate.addEndpoint({ ...endpoint, name: "short", models: ["short"], timeouts: { total: "1s" } });
  const apiKey = await headgate.createKey();
  openai = new OpenAI({ baseURL: `${headgate.url}/v1`, apiKey, maxRetries: 0, logLevel: "off" });
  anthropic = new Anthropic({ baseURL: headgate.url, apiKey, maxRetries: 0, logLevel: "off" });
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});

interface Client {
  kind: string;
  /** Every event, as `for await` brings them. */
  events(model: string): Promise<AsyncIterable<unknown>>;
  /** The whole answer, as the client puts it together. */
  whole(model: string): Promise<unknown>;
}

const messages = [{ role: "user" as const, content: "Count." }];

const clients: Client[] = [
  {
    kind: "OpenAI chat",
    events: (model) => openai.chat.completions.create({ model, messages, stream: true }),
    whole: (model) => openai.chat.completions.stream({ model, messages }).finalChatCompletion(),
  },
  {
    kind: "OpenAI Responses",
    events: (model) => openai.responses.create({ model, input: "Count.", stream: true }),
    whole: (model) => openai.responses.stream({ model, input: "Count." }).finalResponse(),
  },
  {
    kind: "Anthropic Messages",
    events: (model) => anthropic.messages.create({ model, messages, max_tokens: 100, stream: true }),
    whole: (model) => anthropic.messages.stream({ model, messages, max_tokens: 100 }).finalMessage(),
  },
];

/** `after`: chunks up to the third word. */
const failures: [name: string, model: string, behaviour: (after: number) => Behaviour][] = [
  ["a reset between events", "m", (after) => ({ kind: "reset", at: after })],
  ["a reset inside an event", "m", (after) => ({ kind: "reset", at: after, inside: true })],
  ["a clean end without the terminator", "m", (after) => ({ kind: "truncate", afterChunks: after })],
  ["a stall", "m", (after) => ({ kind: "stall", afterChunks: after })],
  ["comments during a stall", "m", (after) => ({ kind: "stall", afterChunks: after, comment, everyMs: 40 })],
  // All of it would take some seconds more.
  ["the total timeout", "short", () => ({ kind: "drip", everyMs: 200 })],
  ["the endpoint's error event", "m", (after) => ({ kind: "error_event", afterChunks: after })],
  ["the endpoint's error as the first event", "m", () => ({ kind: "error_event", afterChunks: 0 })],
];

async function read(events: AsyncIterable<unknown>): Promise<"finished"> {
  for await (const _event of events);
  return "finished";
}

describe.each(clients)("$kind", ({ kind, events, whole }) => {
  const after = streamKinds.find(({ name }) => name === kind)?.toThirdWord as number;

  test("a whole stream raises none", async () => {
    expect(await read(await events("m"))).toBe("finished");
    expect(await whole("m")).toMatchObject({ model: "m" });
  });

  test.each(failures)("%s", async (_name, model, behaviour) => {
    provider.next(behaviour(after), { times: 2 });
    const outcomes = await Promise.allSettled([events(model).then(read), whole(model)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});
