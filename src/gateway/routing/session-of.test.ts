// What names a session, and in which order.
import { expect, test } from "vitest";
import { JsonScanner } from "../body/json-scanner.ts";
import { sessionOf } from "./session-of.ts";

function bodyOf(value: unknown) {
  const bytes = Buffer.from(JSON.stringify(value));
  const scanner = new JsonScanner();
  scanner.write(bytes);
  return { chunks: [bytes], json: scanner.end() };
}

const header = { "x-headgate-session": " from-header " };
const messages = [{ role: "user", content: "hello" }];

test("the header goes before the body's fields, in their order, and the prompt comes last", () => {
  const body: Record<string, unknown> = {
    model: "m",
    user: "from-user",
    metadata: { user_id: "from-metadata" },
    prompt_cache_key: "from-cache-key",
    messages,
  };
  expect(sessionOf(header, bodyOf(body))).toBe("from-header");
  expect(sessionOf({ "x-headgate-session": "  " }, bodyOf(body))).toBe("from-user");
  body.user = "";
  expect(sessionOf({}, bodyOf(body))).toBe("from-metadata");
  body.metadata = { user_id: null };
  expect(sessionOf({}, bodyOf(body))).toBe("from-cache-key");
  body.prompt_cache_key = 7;
  expect(sessionOf({}, bodyOf(body))).toBe(sessionOf({}, bodyOf({ model: "m", messages })));
  expect(sessionOf({}, bodyOf(body))).toMatch(/^[\w-]{27}$/);
});

test("a conversation keeps its session while it grows; another one has another", () => {
  const system = { role: "system", content: "You are helpful. ".repeat(1000) };
  const first = sessionOf({}, bodyOf({ model: "m", messages: [system, ...messages] }));
  const grown = [system, ...messages, { role: "assistant", content: "hi" }, { role: "user", content: "and now?" }];
  expect(sessionOf({}, bodyOf({ model: "other", temperature: 1, messages: grown }))).toBe(first);
  expect(sessionOf({}, bodyOf({ model: "m", messages: [system, { role: "user", content: "hullo" }] }))).not.toBe(first);
});

test("the prompt of a body without a model counts, too: its path may name the model", () => {
  const chunks = [Buffer.from('{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}')];
  expect(sessionOf({}, { chunks, json: null })).toMatch(/^[\w-]{27}$/);
});

test("null when nothing names one", () => {
  expect(sessionOf({}, null)).toBeNull();
  expect(sessionOf({}, bodyOf({ model: "m" }))).toBeNull();
  expect(sessionOf({}, { chunks: [Buffer.from("--x\r\ncontent-disposition: form-data")], json: null })).toBeNull();
});
