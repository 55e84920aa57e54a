// Calls that create or change something at the provider are never taken for ones that may be sent twice.
import { expect, test } from "vitest";
import { isInferencePath } from "./inference-path.ts";

test.each([
  "/chat/completions",
  "/chat/completions/",
  "/completions",
  "/responses",
  "/responses/compact",
  "/responses/input_tokens",
  "/messages",
  "/messages/count_tokens",
  "/embeddings",
  "/rerank",
  "/models/gemini-3-pro:generateContent",
  "/models/gemini-3-pro:streamGenerateContent",
  "/tunedModels/mine:generateContent",
  "/models/text-embedding:batchEmbedContents",
  "/models/gemini-3-pro:countTokens",
])("POST %s only computes", (rest) => {
  expect(isInferencePath(rest, "POST")).toBe(true);
  expect(isInferencePath(rest, "DELETE")).toBe(false);
  expect(isInferencePath(rest, "GET")).toBe(false);
});

test.each([
  "/messages/batches",
  "/threads/thread_1/messages",
  "/responses/resp_1/cancel",
  "/chat/completions/chatcmpl_1",
  "/images/generations",
  "/audio/speech",
  "/files",
  "/batches",
  "/fine_tuning/jobs",
  "/models/veo:predictLongRunning",
  "/models/gemini-3-pro:batchGenerateContent",
  "/completionsx",
  "/x/embeddings",
])("POST %s does not, or may not", (rest) => {
  expect(isInferencePath(rest, "POST")).toBe(false);
});
