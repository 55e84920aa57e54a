// Byte for byte, both ways, on real sockets: arbitrary bodies and streams, cut anywhere.
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cutBytes, cuts } from "../../src/gateway/body/fixtures/cut-bytes.ts";
import { jsonBodyWithModel, type ObjectText, renderObject } from "../../src/gateway/body/fixtures/json-body.arbitrary.ts";
import { sseBytes } from "../../src/gateway/stream/fixtures/sse-bytes.arbitrary.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import type { RawConnection } from "../support/raw-http/raw-connection.ts";
import { rawConnect, rawRequest } from "../support/raw-http.ts";

const usageChunk = 'data: {"id":"x","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}\n\n';

let provider: Provider;
let headgate: Headgate;
let key: string;

beforeAll(async () => {
  provider = await startProvider();
  provider.models = ["upstream-model"];
  headgate = await startHeadgate({ logLevel: "error" });
  await headgate.addEndpoint({ name: "prod", url: provider.url, aliases: { "upstream-model": "gpt-4" } });
  key = await headgate.createKey();
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
});

/** `body` with this text as its model. */
function withModel(body: ObjectText, text: string): string {
  return renderObject({
    ...body,
    members: body.members.map((member) => (member.key === "model" ? { ...member, value: text } : member)),
  });
}

function head(path: string, length: number): string {
  return `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
}

async function callInPieces(connection: RawConnection, path: string, pieces: readonly Buffer[]): Promise<number> {
  connection.send(
    head(
      path,
      pieces.reduce((sum, piece) => sum + piece.length, 0),
    ),
  );
  const response = connection.expect("POST");
  for (const piece of pieces) {
    if (piece.length === 0) continue;
    connection.send(piece);
    // A turn of the event loop between pieces: they leave, and mostly arrive, one by one.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return (await response.done()).status;
}

/** Bodies that name no response of a provider's: those go to where it was made, or nowhere. */
const ownBody = jsonBodyWithModel.filter(({ members }) => members.every(({ key }) => key !== "previous_response_id"));

test("what reaches the provider is what the caller sent, but for the model's value, for any JSON object cut anywhere", {
  timeout: 60_000,
}, async () => {
  const connection = await rawConnect(headgate.url);
  await fc.assert(
    fc.asyncProperty(ownBody, fc.constantFrom('"gpt-4"', '"gpt\\u002d4"', '"\\u0067pt-4"'), cuts, async (body, model, where) => {
      provider.reset();
      const bytes = Buffer.from(withModel(body, model));
      const pieces = cutBytes(bytes, bytes.length > 400 && where === "everywhere" ? [100, 200] : where);
      expect(await callInPieces(connection, "/v1/unheard/of", pieces)).toBe(200);
      expect(provider.take().body.equals(Buffer.from(withModel(body, '"upstream-model"')))).toBe(true);
    }),
    { numRuns: 200 },
  );
  await connection.destroy();
});

test("a stream whose usage nobody asked for gets the option behind the model, and nothing else changes", async () => {
  const connection = await rawConnect(headgate.url);
  await fc.assert(
    fc.asyncProperty(ownBody, cuts, async (body, where) => {
      provider.reset();
      const kept = body.members.filter((member) => !["stream", "stream_options"].includes(member.key));
      const stream = {
        space: ["", "", "", ""] as [string, string, string, string],
        key: "stream",
        keyText: '"stream"',
        value: "true",
      };
      const streamed = { ...body, members: [...kept, stream] };
      const bytes = Buffer.from(withModel(streamed, '"gpt-4"'));
      const pieces = cutBytes(bytes, bytes.length > 400 && where === "everywhere" ? [100, 200] : where);
      expect(await callInPieces(connection, "/v1/chat/completions", pieces)).toBe(200);
      const expected = withModel(streamed, '"upstream-model","stream_options":{"include_usage":true}');
      expect(provider.take().text).toBe(Buffer.from(expected).toString());
    }),
    { numRuns: 100 },
  );
  await connection.destroy();
});

test("what reaches the caller is what the provider sent, for any event stream cut anywhere", async () => {
  await fc.assert(
    fc.asyncProperty(sseBytes, cuts, async (bytes, where) => {
      provider.reset();
      const chunks = cutBytes(bytes, where).filter((chunk) => chunk.length > 0);
      provider.next({ kind: "answer", headers: { "content-type": "text/event-stream" }, chunks });
      const headers = { authorization: `Bearer ${key}` };
      const answer = await rawRequest(headgate.url, {
        method: "POST",
        target: "/v1/unheard/of",
        headers,
        body: { model: "gpt-4", stream: true },
      });
      expect(answer.ended).toBe("complete");
      expect(answer.body.equals(bytes)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test("of a chat stream whose usage nobody asked for, exactly the one extra chunk is missing, for any cuts", async () => {
  const event = fc.oneof(
    fc.constantFrom(
      ": keep-alive\n\n",
      'data: {"choices":[],"usage":null}\n\n',
      'data: {"choices":[{"delta":{"content":"x"}}],"usage":null}\r\n\r\n',
    ),
    fc.string({ maxLength: 20 }).map((text) => `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 12 }), cuts, async (events, where) => {
      provider.reset();
      const begin = events.join("");
      const end = "data: [DONE]\n\n";
      const chunks = cutBytes(Buffer.from(begin + usageChunk + end), where).filter((chunk) => chunk.length > 0);
      provider.next({ kind: "answer", headers: { "content-type": "text/event-stream" }, chunks });
      const headers = { authorization: `Bearer ${key}` };
      const body = { model: "gpt-4", stream: true, messages: [] };
      const answer = await rawRequest(headgate.url, { method: "POST", target: "/v1/chat/completions", headers, body });
      expect(answer.ended).toBe("complete");
      expect(answer.text).toBe(begin + end);
    }),
    { numRuns: 100 },
  );
});
