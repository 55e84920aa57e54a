// OpenAI's embeddings: a short vector per input, as floats or (the SDK's default) as base64 of little-endian float32.
import type { Answer } from "./answer.ts";
import { jsonAnswer } from "./answer.ts";
import type { RecordedRequest } from "./recorded-request.ts";
import type { ProviderSettings } from "./settings.ts";

/** Exact in float32, so that both encodings give equal numbers. */
export const scriptedVector = [0.5, -0.25, 0.125];

export function embeddings(request: RecordedRequest, settings: ProviderSettings): Answer {
  const { json } = request;
  const input = json?.input;
  const count = Array.isArray(input) && typeof input[0] !== "number" ? input.length : 1;
  const base64 = Buffer.from(new Float32Array(scriptedVector).buffer).toString("base64");
  const embedding = json?.encoding_format === "base64" ? base64 : scriptedVector;
  const data = Array.from({ length: count }, (_, index) => ({ object: "embedding", index, embedding }));
  const tokens = settings.usage.inputTokens;
  const usage = settings.reportsUsage ? { usage: { prompt_tokens: tokens, total_tokens: tokens } } : {};
  return jsonAnswer(200, { object: "list", data, model: json?.model, ...usage });
}
