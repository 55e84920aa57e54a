// The demo provider is small, says that it is a demo, and can be called by the official clients.
import { connect } from "node:net";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DemoProvider } from "./demo-provider.ts";
import { startDemoProvider } from "./demo-provider.ts";

const label = "comes from the Headgate demo provider; there is no model behind it";
const messages = [{ role: "user" as const, content: "What is a headgate?" }];

describe("demo provider", () => {
  let demo: DemoProvider;
  let openai: OpenAI;
  let anthropic: Anthropic;
  beforeAll(async () => {
    demo = await startDemoProvider();
    openai = new OpenAI({ baseURL: demo.url, apiKey: "none", maxRetries: 0 });
    anthropic = new Anthropic({ baseURL: demo.url.replace(/\/v1$/, ""), apiKey: "none", maxRetries: 0 });
  });
  afterAll(() => demo.close());

  it("lists its models for OpenAI's and Anthropic's clients", async () => {
    const ids = ["demo-chat", "demo-chat-fast", "demo-embedding"];
    expect((await openai.models.list()).data.map(({ id }) => id)).toEqual(ids);
    expect((await anthropic.models.list()).data.map(({ id }) => id)).toEqual(ids);
  });

  it("labels every answer as a demo's, in text, id, fingerprint and header", async () => {
    const { data, response } = await openai.chat.completions.create({ model: "demo-chat", messages }).withResponse();
    expect(data.choices[0]?.message.content).toContain(label);
    expect(data.choices[0]?.message.content).toContain('You asked demo-chat: "What is a headgate?"');
    expect(data.id).toContain("demo");
    expect(data.system_fingerprint).toContain("demo");
    expect(response.headers.get("x-demo-provider")).toBe("true");
    const message = await anthropic.messages.create({ model: "demo-chat", messages, max_tokens: 500 });
    expect(message.content[0]).toMatchObject({ type: "text", text: expect.stringContaining(label) });
    const answer = await openai.responses.create({ model: "demo-chat", input: "What is a headgate?" });
    expect(answer.output_text).toContain(label);
    const completion = await openai.completions.create({ model: "demo-chat", prompt: "What is a headgate?", max_tokens: 500 });
    expect(completion.choices[0]?.text).toContain(label);
  });

  it("counts words as tokens and keeps to the maximum", async () => {
    const cut = await openai.chat.completions.create({ model: "demo-chat", messages, max_tokens: 5 });
    expect(cut.choices[0]).toMatchObject({ finish_reason: "length", message: { content: "This answer comes from the" } });
    expect(cut.usage).toEqual({ prompt_tokens: 4, completion_tokens: 5, total_tokens: 9 });
  });

  it("streams word by word, with usage only for who asks", async () => {
    const times: number[] = [];
    let text = "";
    for await (const chunk of await openai.chat.completions.create({
      model: "demo-chat",
      messages,
      max_tokens: 8,
      stream: true,
    })) {
      expect(chunk).not.toHaveProperty("usage");
      const word = chunk.choices[0]?.delta.content;
      if (word) times.push(Date.now());
      text += word ?? "";
    }
    expect(text).toBe("This answer comes from the Headgate demo provider;");
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(100);
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const last = [];
    for await (const chunk of await openai.chat.completions.create({ model: "demo-chat-fast", messages, ...options }))
      last.push(chunk);
    expect(last.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 4 } });
  });

  it("streams Anthropic messages and responses as their clients expect", async () => {
    const stream = anthropic.messages.stream({ model: "demo-chat-fast", messages, max_tokens: 500 });
    expect(await stream.finalText()).toContain(label);
    expect((await stream.finalMessage()).usage).toMatchObject({ input_tokens: 4 });
    const response = await openai.responses.stream({ model: "demo-chat-fast", input: "What is a headgate?" }).finalResponse();
    expect(response.output_text).toContain(label);
    expect(response.usage?.input_tokens).toBe(4);
  });

  it("embeds equal texts equally, in both encodings", async () => {
    const embed = async (input: string[], encoding_format: "float" | "base64" | undefined) => {
      const { data } = await openai.embeddings.create({ model: "demo-embedding", input, dimensions: 16, encoding_format });
      return data.map(({ embedding }) => [...embedding]);
    };
    const [first, second, other] = await embed(["a", "a", "b"], undefined);
    expect(first).toHaveLength(16);
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
    expect(await embed(["a"], "float")).toEqual([first]);
    expect(Math.hypot(...(first ?? []))).toBeCloseTo(1);
  });

  it("refuses what it can't answer in the shape of the API that was called", async () => {
    await expect(openai.chat.completions.create({ model: "gpt-4o", messages })).rejects.toMatchObject({
      status: 404,
      code: "model_not_found",
    });
    await expect(anthropic.messages.create({ model: "gpt-4o", messages, max_tokens: 5 })).rejects.toBeInstanceOf(
      Anthropic.NotFoundError,
    );
    const post = (body: string) => fetch(`${demo.url}/chat/completions`, { method: "POST", body });
    expect((await post("[1")).status).toBe(400);
    expect((await post(JSON.stringify({ filler: "x".repeat(20 * 1024 * 1024) }))).status).toBe(413);
    expect((await fetch(`${demo.url}/chat/completions`)).status).toBe(405);
    expect((await fetch(`${demo.url}/files`)).status).toBe(404);
  });

  it("closes with a stream and an unfinished request still open", async () => {
    const own = await startDemoProvider();
    const client = new OpenAI({ baseURL: own.url, apiKey: "none", maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: "demo-chat", messages, stream: true });
    const socket = connect(Number(new URL(own.url).port), "127.0.0.1");
    const gone = new Promise((resolve) => socket.on("close", resolve).on("error", () => {}));
    socket.write("POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n{");
    const reader = stream[Symbol.asyncIterator]();
    await reader.next();
    await own.close();
    await gone;
    const drained = async () => {
      while (!(await reader.next()).done);
    };
    await expect(drained()).rejects.toThrow();
  });
});
