// The guide as it is written: a process that is given nothing but environment variables, and the guide's own curl.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CommandProcess } from "../../support/command-process.ts";
import { eventually } from "../../support/eventually.ts";
import { type ManifestServer, startManifestServer } from "../../support/manifest-server.ts";
import { globusPerson, type MockGlobus, startMockGlobus } from "../../support/mock-globus.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { anthropicKey, guideManifest, guideVariables, openaiKey, userToken } from "./direct-gateway.ts";
import { waitForPort } from "./free-port.ts";

let folder: string;
let openai: Provider;
let anthropic: Provider;
let manifest: ManifestServer;
let globus: MockGlobus;
let headgate: CommandProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "headgate-guide-"));
  [openai, anthropic, manifest, globus] = await Promise.all([
    startProvider({ requireKey: openaiKey }),
    startProvider({ requireKey: anthropicKey }),
    startManifestServer(),
    startMockGlobus(),
  ]);
  manifest.serve(guideManifest({ openai: `${openai.url}/v1`, anthropic: `${anthropic.url}/v1` }));
  globus.tokens.set(userToken, globusPerson("u@uni.edu"));
  await waitForPort(8000);
  const env = { ...guideVariables(manifest, globus), HEADGATE_PORT: "8000", HEADGATE_DATA_DIR: join(folder, "data") };
  headgate = new CommandProcess(["start"], { cwd: folder, env });
  await headgate.ready();
});
afterAll(async () => {
  await headgate?.destroy();
  await Promise.all([openai?.close(), anthropic?.close(), manifest?.close(), globus?.stop()]);
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  openai.reset();
  anthropic.reset();
});

/** Runs it in bash with `$TOKEN` set, as the guide's reader has done. Gives what it prints, which `onPiece` sees as it comes. */
async function bash(script: string, onPiece = (_piece: string): void => {}): Promise<string> {
  const { PATH = "" } = process.env;
  const child = spawn("bash", ["-c", script], { env: { PATH, TOKEN: userToken }, stdio: ["ignore", "pipe", "ignore"] });
  let printed = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    printed += piece;
    onPiece(piece);
  });
  const [code] = await once(child, "close");
  expect(code).toBe(0);
  return printed;
}

const guidesCurl = `curl -X POST http://localhost:8000/resource_server/metis/api/v1/chat/completions \\
  -H "Authorization: Bearer $TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": "Hello from FIRST!"}],
    "stream": false
  }'`;

test("case 1: the guide's curl, verbatim, gets a chat completion from a Headgate with environment variables only", async () => {
  expect(JSON.parse(await bash(guidesCurl))).toMatchObject({
    id: expect.stringMatching(/^chatcmpl-/),
    object: "chat.completion",
    created: expect.any(Number),
    model: "gpt-4o-mini",
    choices: [{ index: 0, message: { role: "assistant", content: openai.settings.text }, finish_reason: "stop" }],
    usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
  });

  expect(openai.requests).toHaveLength(1);
  const sent = openai.take();
  expect([sent.method, sent.url]).toEqual(["POST", "/v1/chat/completions"]);
  expect(sent.headers.authorization).toBe(`Bearer ${openaiKey}`);
  expect(sent.headers.host).toBe(`127.0.0.1:${openai.port}`);
  expect(sent.rawHeaders.join("\n")).not.toContain(userToken);
  expect(sent.json).toEqual({
    model: "gpt-4o-mini",
    messages: [{ role: "user", content: "Hello from FIRST!" }],
    stream: false,
  });
  expect(anthropic.requests).toEqual([]);
});

test("case 1: the same on one line, as the reference has it", async () => {
  const out = await bash(
    `curl -X POST http://localhost:8000/resource_server/metis/api/v1/chat/completions -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" -d '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello from FIRST!"}], "stream": false}'`,
  );
  expect(JSON.parse(out)).toMatchObject({ object: "chat.completion", model: "gpt-4o-mini" });
});

test("case 2: the same with stream: true gets the provider's bytes as they come, to `data: [DONE]`", async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = 'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"first"}}]}\n\n';
  const rest = 'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
  openai.on("/v1/chat/completions", () => [
    { head: { status: 200, headers: { "content-type": "text/event-stream" }, framing: "chunked", lengthBytes: 0 } },
    { write: Buffer.from(first) },
    { until: released },
    { write: Buffer.from(rest) },
    { end: true },
  ]);
  let seen = "";
  await bash(guidesCurl.replace("curl", "curl -sSNi").replace('"stream": false', '"stream": true'), (piece) => {
    seen += piece;
    // The rest is sent only when the first chunk has reached the caller.
    if (seen.endsWith(first)) release();
  });
  const [head = "", ...body] = seen.split("\r\n\r\n");
  expect(body.join("")).toBe(first + rest);
  expect(head).toMatch(/^HTTP\/1\.1 200 /);
  expect(head).toMatch(/^content-type: text\/event-stream/im);
  const sent = openai.take();
  expect(sent.headers.authorization).toBe(`Bearer ${openaiKey}`);
  expect(sent.json.stream).toBe(true);
});

test("case 3: a model of the Anthropic entry goes there the OpenAI way, with that entry's key", async () => {
  const out = await bash(guidesCurl.replace("gpt-4o-mini", "claude-3-opus-20240229"));
  expect(JSON.parse(out)).toMatchObject({ object: "chat.completion", model: "claude-3-opus-20240229" });
  const sent = anthropic.take();
  expect([sent.method, sent.url]).toEqual(["POST", "/v1/chat/completions"]);
  expect(sent.headers.authorization).toBe(`Bearer ${anthropicKey}`);
  expect(sent.headers["x-api-key"]).toBeUndefined();
  expect(sent.rawHeaders.join("\n")).not.toContain(userToken);
  expect(openai.requests).toEqual([]);
});

test("an unknown token is refused by the same server, and nothing goes upstream", async () => {
  const out = await bash(guidesCurl.replace("$TOKEN", "globus-token-of-nobody").replace("curl", "curl -i"));
  expect(out).toMatch(/^HTTP\/1\.1 401 /);
  expect(out).toMatch(/^www-authenticate: Bearer/im);
  expect(JSON.parse(out.slice(out.indexOf("{"))).error).toMatchObject({ code: "invalid_key" });
  expect(openai.requests).toEqual([]);
});

test("the log of such a start tells that any Globus user may call, for want of a rule", async () => {
  await eventually(() => headgate.err.split("\n").some((line) => line.includes('"level":"warn"') && line.includes("Globus")));
});

describe("case 10: METIS_API_TOKENS that can't be read refuses the start, names the variable and prints no value", () => {
  const secret = "sk-proj-canary-4711";
  test.each([
    ["not JSON", `{"openai-production": "${secret}"`],
    ["not JSON at all", secret],
    ["an array", `["${secret}"]`],
    ["text", `"${secret}"`],
    ["a value that is no text", `{"openai-production": {"key": "${secret}"}}`],
    ["a value that is a number", `{"openai-production": 47114711}`],
    ["an empty key", `{"other": "${secret}", "openai-production": ""}`],
    ["a key with a line break", `{"openai-production": "${secret}\\nx"}`],
  ])("%s", async (_what, value) => {
    const env = { ...guideVariables(manifest, globus), METIS_API_TOKENS: value, HEADGATE_PORT: "0" };
    const refused = new CommandProcess(["start"], { cwd: folder, env: { ...env, HEADGATE_DATA_DIR: join(folder, "refused") } });
    expect(await refused.exited).toBe(1);
    const said = refused.out + refused.err;
    expect(said).toContain("METIS_API_TOKENS");
    for (const piece of [secret, "canary", "4711"]) expect(said).not.toContain(piece);
  });
});
