// What the provider answers, byte for byte: written by provider.mjs, compared with what arrives by the load generators.
import { blankStamp } from "./stamps.mjs";

export const benchModel = "bench-model";

/** The usage that every answer reports; the ledger's sums are checked against it. */
export const usagePerAnswer = { inputTokens: 412, outputTokens: 96 };

const usage = {
  prompt_tokens: usagePerAnswer.inputTokens,
  completion_tokens: usagePerAnswer.outputTokens,
  total_tokens: usagePerAnswer.inputTokens + usagePerAnswer.outputTokens,
};

const prose = "The measure of a proxy is what it adds to the time of an answer and what it takes from the machine. ";

/** The body of a plain chat completion: about 1 KB of JSON. */
export const completionBody = completionOf(prose.repeat(6).trim());

/** The same of 100 kB. */
export const largeCompletionBody = completionOf(prose.repeat(1000).slice(0, 100_000 - 470));

function completionOf(content) {
  return Buffer.from(
    JSON.stringify({
      id: "chatcmpl-bench0000000000000000000",
      object: "chat.completion",
      created: 1_760_000_000,
      model: benchModel,
      choices: [
        {
          index: 0,
          message: { role: "assistant", content, refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage,
      service_tier: "default",
      system_fingerprint: "fp_bench",
    }),
  );
}

/**
 * The events of a streamed chat completion: `chunkCount` of about 200 bytes, each an event of its own.
 * @param {number} chunkCount
 * @param {boolean} isStamped with room for the time of writing in each but the last
 * @returns {{ chunks: Buffer[], usageChunk: Buffer, done: Buffer }} `usageChunk` goes only to those who asked for it
 */
export function streamEvents(chunkCount, isStamped = false) {
  const chunks = [];
  for (let index = 0; index < chunkCount; index++) {
    const isLast = index === chunkCount - 1;
    const content = ` chunk ${String(index).padStart(6, "0")}${isStamped ? blankStamp : ""}`;
    const delta = isLast ? {} : { content };
    chunks.push(event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: isLast ? "stop" : null }] }));
  }
  return { chunks, usageChunk: event({ choices: [], usage }), done: Buffer.from("data: [DONE]\n\n") };
}

function event(fields) {
  const common = { id: "chatcmpl-bench0", object: "chat.completion.chunk", created: 1_760_000_000, model: benchModel };
  return Buffer.from(`data: ${JSON.stringify({ ...common, ...fields })}\n\n`);
}
