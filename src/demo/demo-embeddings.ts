// The demo provider's embeddings: unit vectors made from a hash of the text. Equal texts are equal, and that is all they mean.
import { createHash } from "node:crypto";
import type { DemoBody, DemoReply } from "./demo-reply.ts";
import { countWords } from "./demo-text.ts";

const defaultDimensions = 256;
const maxDimensions = 3072;
const maxInputs = 2048;

/** `POST /v1/embeddings`; floats, or base64 of little-endian float32 when asked for. */
export function demoEmbeddings(body: DemoBody): DemoReply {
  const { input, encoding_format: encoding, dimensions = defaultDimensions } = body;
  if (!Number.isInteger(dimensions) || (dimensions as number) < 1 || (dimensions as number) > maxDimensions) {
    return refusal("dimensions", `dimensions has to be a whole number from 1 to ${maxDimensions}.`);
  }
  const inputs = inputTexts(input);
  if (inputs.length === 0 || inputs.length > maxInputs) {
    return refusal("input", `input has to be a text or a list of 1 to ${maxInputs} texts.`);
  }
  if (inputs.length * (dimensions as number) > maxDimensions * 256) {
    return refusal("input", "The demo provider makes no more vectors at a time than that; send fewer inputs or dimensions.");
  }
  const data = inputs.map((text, index) => {
    const vector = demoVector(text, dimensions as number);
    const embedding = encoding === "base64" ? Buffer.from(vector.buffer).toString("base64") : [...vector];
    return { object: "embedding", index, embedding };
  });
  const tokens = inputs.reduce((sum, text) => sum + countWords(text), 0);
  return {
    status: 200,
    body: {
      object: "list",
      data,
      model: body.model,
      system_fingerprint: "fp_headgate_demo",
      note: "Vectors of the Headgate demo provider: made from a hash, there is no model behind them.",
      usage: { prompt_tokens: tokens, total_tokens: tokens },
    },
  };
}

/** A text, a list of texts, or token numbers (one list or several), each as one text. */
function inputTexts(input: unknown): string[] {
  if (typeof input === "string") return [input];
  if (!Array.isArray(input)) return [];
  if (typeof input[0] === "number") return [input.join(" ")];
  return input.map((item) => (Array.isArray(item) ? item.join(" ") : String(item)));
}

/** The same unit vector for the same text, whatever the machine. */
export function demoVector(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions);
  let hash = createHash("sha256").update(text).digest();
  for (let index = 0; index < dimensions; index++) {
    const byte = (index * 4) % 32;
    if (index > 0 && byte === 0) hash = createHash("sha256").update(hash).digest();
    vector[index] = hash.readInt32LE(byte) / 2 ** 31;
  }
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

function refusal(param: string, message: string): DemoReply {
  return { status: 400, body: { error: { message, type: "invalid_request_error", param, code: null } } };
}
