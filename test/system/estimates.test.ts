// What is recorded of calls whose provider says nothing about usage: estimates from the bytes of request and answer, for every dialect.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { RequestBody } from "../../src/api/requests.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { type Provider, startProvider } from "../support/provider.ts";

let provider: Provider;
let headgate: Headgate;
let key: string;
beforeAll(async () => {
  provider = await startProvider({ models: ["m-openai"], reportsUsage: false, text: "lorem ipsum dolor sit amet" });
  headgate = await startHeadgate();
  await headgate.addEndpoint({ name: "openai", url: `${provider.url}/v1`, sync_interval: 0 });
  provider.models = ["m-gemini"];
  await headgate.addEndpoint({ name: "gemini", url: provider.url, dialect: "gemini", sync_interval: 0 });
  key = await headgate.createKey();
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});

async function recorded(path: string, body: string): Promise<RequestBody> {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const response = await fetch(`${headgate.url}${path}`, { method: "POST", headers, body });
  await response.arrayBuffer();
  expect(response.status).toBe(200);
  const id = response.headers.get("x-request-id");
  return headgate.eventually(async () => {
    const found = await headgate.admin("GET", `/requests/${id}`);
    return found.status === 200 && found.body.state === "settled" ? (found.body as RequestBody) : null;
  });
}

const picture = "iVBORw0KGgoAAAANSUhEUgAA".repeat(20_000);
const openai = (part: object) => JSON.stringify({ model: "m-openai", messages: [{ role: "user", content: [part] }] });
const gemini = (part: object) => JSON.stringify({ contents: [{ parts: [part] }] });

test.each([
  ["/v1/chat/completions", openai({ type: "text", text: "Hello there" }), 0],
  [
    "/v1/chat/completions",
    openai({ type: "image_url", image_url: { url: `data:image/png;base64,${picture}` } }),
    picture.length + 22,
  ],
  ["/v1beta/models/m-gemini:generateContent", gemini({ text: "Hello there" }), 0],
  ["/v1beta/models/m-gemini:streamGenerateContent?alt=sse", gemini({ text: "Hello there" }), 0],
  ["/v1beta/models/m-gemini:generateContent", gemini({ inlineData: { mimeType: "image/png", data: picture } }), picture.length],
])("a silent provider's tokens are estimated: %s", async (path, body, pictureBytes) => {
  const { tokens, usage_source } = await recorded(path, body);
  const input = Math.ceil((body.length - pictureBytes) / 4) + (pictureBytes > 0 ? 1600 : 0);
  expect({ input: tokens.input_tokens, usage_source }).toEqual({ input, usage_source: "estimated" });
  expect(tokens.output_tokens).toBeGreaterThanOrEqual(5);
  expect(tokens.output_tokens).toBeLessThan(12);
});
