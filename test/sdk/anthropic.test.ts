// The official Anthropic client works through Headgate as it does with the provider itself.
import Anthropic from "@anthropic-ai/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Target } from "./target.ts";
import { failureOf, models, startTarget, targetNames, withinOneSecond, wrongKey } from "./target.ts";

const text = "Hello from the scripted provider.";
const model = models.anthropic;
const hello: Anthropic.MessageParam = { role: "user", content: "Hello?" };
const call = { model, max_tokens: 100, messages: [hello] };
const tools: Anthropic.Tool[] = [{ name: "weather", input_schema: { type: "object", properties: { city: { type: "string" } } } }];

describe.each(targetNames)("@anthropic-ai/sdk, %s", (name) => {
  let target: Target;
  let client: Anthropic;
  beforeAll(async () => {
    target = await startTarget(name);
    const { origin, key } = target.anthropicClient;
    client = new Anthropic({ baseURL: origin, apiKey: key, maxRetries: 0 });
  });
  afterEach(() => target.settle());
  afterAll(() => target.close());

  it("sends messages, in its own dialect and with its own headers", async () => {
    const sent: Headers[] = [];
    const watched = client.withOptions({
      fetch: (url, init) => {
        sent.push(new Headers(init?.headers));
        return fetch(url, init);
      },
    });
    const headers = { "anthropic-beta": "some-beta-2026-01-01" };
    const message = await watched.messages.create({ ...call, metadata: { user_id: "u-1" } }, { headers });
    expect(message.content).toEqual([{ type: "text", text }]);
    expect(message.usage).toMatchObject({ input_tokens: 11, output_tokens: 7 });
    const request = target.anthropic.take();
    expect(request.json).toEqual({ ...call, metadata: { user_id: "u-1" } });
    // The version that the SDK was made for decides how the provider answers; it has to arrive as sent.
    const version = sent[0]?.get("anthropic-version");
    expect(version).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(request.headers).toMatchObject({ "anthropic-version": version, ...headers });
  });

  it("streams", async () => {
    const stream = client.messages.stream(call);
    const deltas: string[] = [];
    stream.on("text", (delta) => deltas.push(delta));
    const message = await stream.finalMessage();
    expect(deltas.join("")).toBe(text);
    expect(deltas.length).toBeGreaterThan(3);
    expect(message).toMatchObject({ stop_reason: "end_turn", usage: { input_tokens: 11, output_tokens: 7 } });
  });

  it("carries a tool's call and its result, plain and streamed", async () => {
    for (const stream of [false, true]) {
      const ask = (messages: Anthropic.MessageParam[]): Promise<Anthropic.Message> => {
        const body = { ...call, messages, tools };
        return stream ? client.messages.stream(body).finalMessage() : client.messages.create(body);
      };
      const asked = await ask([hello]);
      const use = asked.content.find((block) => block.type === "tool_use");
      expect(asked.stop_reason).toBe("tool_use");
      expect(use).toMatchObject({ name: "weather", input: { city: "Paris" } });
      const result = { type: "tool_result" as const, tool_use_id: use?.id ?? "", content: "sunny" };
      const answered = await ask([hello, { role: "assistant", content: asked.content }, { role: "user", content: [result] }]);
      expect(answered.content).toMatchObject([{ type: "text", text }]);
      target.anthropic.take();
      expect(target.anthropic.take().json.messages.at(-1).content).toEqual([result]);
    }
  });

  it("counts tokens", async () => {
    const { max_tokens: _, ...body } = call;
    expect(await client.messages.countTokens(body)).toMatchObject({ input_tokens: 11 });
  });

  it("lists models", async () => {
    const ids = [];
    for await (const found of client.models.list()) ids.push(found.id);
    expect(ids).toContain(model);
  });

  it("tells a wrong key: AuthenticationError", async () => {
    const stranger = client.withOptions({ apiKey: wrongKey });
    const error = await failureOf(stranger.messages.create(call));
    expect(error).toBeInstanceOf(Anthropic.AuthenticationError);
    const { status, type, headers } = error as InstanceType<typeof Anthropic.AuthenticationError>;
    expect([status, type]).toEqual([401, "authentication_error"]);
    expect(headers?.get("x-headgate-error-source")).toBe(target.errorSource("gateway"));
    if (name === "through Headgate") expect(target.anthropic.calls).toEqual([]);
  });

  it("tells an unknown model: NotFoundError", async () => {
    const error = await failureOf(client.messages.create({ ...call, model: "no-such-model" }));
    expect(error).toBeInstanceOf(Anthropic.NotFoundError);
    expect(error).toMatchObject({ status: 404, type: "not_found_error" });
  });

  it("passes a 429 on with its retry-after: RateLimitError", async () => {
    const body = { type: "error", error: { type: "rate_limit_error", message: "Slow down" } };
    target.anthropic.next({ kind: "answer", status: 429, headers: { "retry-after": "17" }, body });
    const error = await failureOf(client.messages.create(call));
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    const { headers, ...rest } = error as InstanceType<typeof Anthropic.RateLimitError>;
    expect(rest).toMatchObject({ status: 429, type: "rate_limit_error", error: body });
    expect(headers?.get("retry-after")).toBe("17");
    expect(headers?.get("x-headgate-error-source")).toBe(target.errorSource("upstream"));
  });

  it("passes a 400 and a 529 on as they are", async () => {
    const refused = {
      type: "error",
      error: { type: "invalid_request_error", message: "messages: at least one message is required" },
    };
    target.anthropic.next({ kind: "answer", status: 400, body: refused });
    const error = await failureOf(client.messages.create(call));
    expect(error).toBeInstanceOf(Anthropic.BadRequestError);
    expect(error).toMatchObject({ status: 400, error: refused });

    const overloaded = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    target.anthropic.next({ kind: "answer", status: 529, body: overloaded });
    const second = await failureOf(client.messages.create(call));
    expect(second).toBeInstanceOf(Anthropic.InternalServerError);
    expect(second).toMatchObject({ status: 529, type: "overloaded_error", error: overloaded });
  });

  it("ends the provider's stream within a second of an abort", async () => {
    target.anthropic.next({ kind: "stall", afterChunks: 4, comment: 'event: ping\ndata: {"type":"ping"}\n\n' });
    const stream = client.messages.stream(call);
    stream.on("text", () => stream.abort());
    expect(await failureOf(stream.finalMessage())).toBeInstanceOf(Anthropic.APIUserAbortError);
    await withinOneSecond(target.anthropic.take().aborted);
  });

  it("shows a stream's error event, and a stream that breaks, as errors", async () => {
    target.anthropic.next({ kind: "error_event", afterChunks: 4 });
    const error = await failureOf(client.messages.stream(call).finalMessage());
    expect(error).toBeInstanceOf(Anthropic.APIError);
    expect((error as Error).message).toContain("The scripted provider broke this stream.");
    target.anthropic.next({ kind: "reset", at: 4 });
    expect(await failureOf(client.messages.stream(call).finalMessage())).toBeInstanceOf(Error);
    expect(await client.messages.stream(call).finalText()).toBe(text);
  });
});
