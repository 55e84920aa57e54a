// The official OpenAI client works through Headgate as it does with the provider itself.
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { scriptedVector } from "../support/provider/openai-embeddings.ts";
import type { Target } from "./target.ts";
import { failureOf, models, startTarget, targetNames, withinOneSecond, wrongKey } from "./target.ts";

const text = "Hello from the scripted provider.";
const messages = [{ role: "user" as const, content: "Hello?" }];
const weatherTool = {
  type: "function" as const,
  function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } },
};

describe.each(targetNames)("openai, %s", (name) => {
  let target: Target;
  let client: OpenAI;
  beforeAll(async () => {
    target = await startTarget(name);
    const { baseUrl, key } = target.openaiClient;
    client = new OpenAI({ baseURL: baseUrl, apiKey: key, maxRetries: 0 });
  });
  afterEach(() => target.settle());
  afterAll(() => target.close());

  it("chats", async () => {
    const completion = await client.chat.completions.create({ model: models.chat, messages });
    expect(completion.choices[0]?.message.content).toBe(text);
    expect(completion.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 });
    expect(target.openai.take().json).toEqual({ model: models.chat, messages });
  });

  it("streams without usage when it isn't asked for, and with it when it is", async () => {
    const chunks = [];
    for await (const chunk of await client.chat.completions.create({ model: models.chat, messages, stream: true }))
      chunks.push(chunk);
    expect(chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe(text);
    // No chunk that the caller did not ask for.
    expect(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage)).toBe(true);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("stop");

    const asked = client.chat.completions.stream({ model: models.chat, messages, stream_options: { include_usage: true } });
    const whole = await asked.finalChatCompletion();
    expect(whole.choices[0]?.message.content).toBe(text);
    expect(await asked.totalUsage()).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
  });

  it("carries a tool's call and its result, plain and streamed", async () => {
    for (const stream of [false, true]) {
      const asked: unknown[] = [];
      const runner = client.chat.completions.runTools({
        model: models.chat,
        messages,
        stream: stream as false,
        tools: [
          {
            type: "function",
            function: {
              name: "weather",
              description: "The weather in a city",
              parameters: weatherTool.function.parameters,
              parse: JSON.parse,
              function: (args: { city: string }) => {
                asked.push(args);
                return "sunny";
              },
            },
          },
        ],
      });
      expect(await runner.finalContent()).toBe(text);
      expect(asked).toEqual([{ city: "Paris" }]);
      target.openai.take();
      const [call, result] = target.openai.take().json.messages.slice(-2);
      expect(call.tool_calls[0].function.name).toBe("weather");
      expect(result).toEqual({ role: "tool", tool_call_id: call.tool_calls[0].id, content: "sunny" });
    }
  });

  it("embeds, as base64 (the client's own choice) and as floats", async () => {
    const packed = await client.embeddings.create({ model: models.embedding, input: ["one", "two"] });
    expect(packed.data.map(({ embedding }) => [...embedding])).toEqual([scriptedVector, scriptedVector]);
    const floats = await client.embeddings.create({ model: models.embedding, input: "one", encoding_format: "float" });
    expect(floats.data[0]?.embedding).toEqual(scriptedVector);
    expect(floats.usage).toEqual({ prompt_tokens: 11, total_tokens: 11 });
    expect(target.openai.calls.map(({ json }) => json.encoding_format)).toEqual(["base64", "float"]);
  });

  it("completes text the old way, plain and streamed", async () => {
    const prompt = "Say hello";
    const plain = await client.completions.create({ model: models.chat, prompt });
    expect(plain.choices[0]?.text).toBe(text);
    let streamed = "";
    for await (const chunk of await client.completions.create({ model: models.chat, prompt, stream: true })) {
      streamed += chunk.choices[0]?.text ?? "";
    }
    expect(streamed).toBe(text);
  });

  it("speaks the Responses API, plain, streamed and with tools", async () => {
    const plain = await client.responses.create({ model: models.chat, input: "Hello?" });
    expect(plain.output_text).toBe(text);
    expect(plain.usage).toMatchObject({ input_tokens: 11, output_tokens: 7 });

    const stream = client.responses.stream({ model: models.chat, input: "Hello?" });
    const types = new Set<string>();
    for await (const event of stream) types.add(event.type);
    expect(types).toContain("response.created");
    expect(types).toContain("response.output_text.delta");
    expect((await stream.finalResponse()).output_text).toBe(text);

    const tools = [{ type: "function" as const, strict: false, ...weatherTool.function }];
    const input: OpenAI.Responses.ResponseInput = [{ role: "user", content: "Weather in Paris?" }];
    const [call] = (await client.responses.create({ model: models.chat, input, tools })).output;
    if (call?.type !== "function_call") throw new Error(`not a call: ${call?.type}`);
    expect(JSON.parse(call.arguments)).toEqual({ city: "Paris" });
    input.push(call, { type: "function_call_output", call_id: call.call_id, output: "sunny" });
    expect((await client.responses.create({ model: models.chat, input, tools })).output_text).toBe(text);
  });

  it("transcribes: multipart with the model as a form field", async () => {
    const file = new File([Buffer.alloc(300_000, "sound")], "speech.wav", { type: "audio/wav" });
    const transcription = await client.audio.transcriptions.create({ model: models.chat, file });
    expect(transcription.text).toBe(text);
    const request = target.openai.take();
    expect(request.headers["content-type"]).toMatch(/^multipart\/form-data; ?boundary=/);
    expect(request.body.includes(Buffer.alloc(300_000, "sound"))).toBe(true);
    expect(request.text).toContain(models.chat);
  });

  it("lists models", async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    expect(ids).toContain(models.chat);
    expect(ids).toContain(models.embedding);
  });

  it("tells a wrong key: AuthenticationError", async () => {
    const stranger = client.withOptions({ apiKey: wrongKey });
    const error = await failureOf(stranger.chat.completions.create({ model: models.chat, messages }));
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
    const { status, headers } = error as InstanceType<typeof OpenAI.AuthenticationError>;
    expect(status).toBe(401);
    expect(headers?.get("x-headgate-error-source")).toBe(target.errorSource("gateway"));
    if (name === "through Headgate") expect(target.openai.calls).toEqual([]);
  });

  it("tells an unknown model: NotFoundError with code model_not_found", async () => {
    const error = await failureOf(client.chat.completions.create({ model: "no-such-model", messages, stream: true }));
    expect(error).toBeInstanceOf(OpenAI.NotFoundError);
    expect(error).toMatchObject({ status: 404, code: "model_not_found", type: "invalid_request_error" });
  });

  it("passes a 429 on with its retry-after: RateLimitError", async () => {
    const body = { error: { message: "Slow down", type: "tokens", param: null, code: "rate_limit_exceeded" } };
    target.openai.next({ kind: "answer", status: 429, headers: { "retry-after": "17" }, body });
    const error = await failureOf(client.chat.completions.create({ model: models.chat, messages }));
    expect(error).toBeInstanceOf(OpenAI.RateLimitError);
    const { headers, ...rest } = error as InstanceType<typeof OpenAI.RateLimitError>;
    expect(rest).toMatchObject({ status: 429, code: "rate_limit_exceeded", type: "tokens", error: body.error });
    expect(headers?.get("retry-after")).toBe("17");
    expect(headers?.get("x-headgate-error-source")).toBe(target.errorSource("upstream"));
    expect(target.openai.calls).toHaveLength(1);
  });

  it("lets the client's own retry succeed", async () => {
    target.openai.next({ kind: "answer", status: 429, headers: { "retry-after-ms": "1" }, body: { error: { message: "Slow" } } });
    const patient = client.withOptions({ maxRetries: 1 });
    const completion = await patient.chat.completions.create({ model: models.chat, messages });
    expect(completion.choices[0]?.message.content).toBe(text);
    expect(target.openai.calls).toHaveLength(2);
  });

  it("passes a 400 on as it is: BadRequestError", async () => {
    const body = {
      error: { message: "max_tokens is too large", type: "invalid_request_error", param: "max_tokens", code: "too_big" },
    };
    target.openai.next({ kind: "answer", status: 400, body });
    const error = await failureOf(client.chat.completions.create({ model: models.chat, messages, max_tokens: 10 ** 9 }));
    expect(error).toBeInstanceOf(OpenAI.BadRequestError);
    expect(error).toMatchObject({ status: 400, param: "max_tokens", code: "too_big", error: body.error });
  });

  it("passes a 500 of HTML on: InternalServerError", async () => {
    const headers = { "content-type": "text/html" };
    target.openai.next({ kind: "answer", status: 500, headers, body: "<h1>Oops</h1>" });
    const error = await failureOf(client.chat.completions.create({ model: models.chat, messages }));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect((error as Error).message).toContain("<h1>Oops</h1>");
  });

  it("ends the provider's stream within a second of an abort", async () => {
    target.openai.next({ kind: "stall", afterChunks: 3 });
    const stream = await client.chat.completions.create({ model: models.chat, messages, stream: true });
    const seen = [];
    for await (const chunk of stream) {
      seen.push(chunk);
      if (seen.length === 3) stream.controller.abort();
    }
    expect(seen).toHaveLength(3);
    await withinOneSecond(target.openai.take().aborted);
  });

  it("shows a stream's error event, and a stream that breaks, as errors", async () => {
    const read = async () => {
      let streamed = "";
      for await (const chunk of await client.chat.completions.create({ model: models.chat, messages, stream: true })) {
        streamed += chunk.choices[0]?.delta.content ?? "";
      }
      return streamed;
    };
    target.openai.next({ kind: "error_event", afterChunks: 3 });
    expect(await failureOf(read())).toMatchObject({
      message: expect.stringContaining("The scripted provider broke this stream."),
    });
    target.openai.next({ kind: "reset", at: 3 });
    expect(await failureOf(read())).toBeInstanceOf(Error);
    expect(await read()).toBe(text);
  });
});
