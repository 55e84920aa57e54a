// Which calls only compute an answer, so that sending one twice changes nothing at the endpoint.

/**
 * Chat, completions, responses, messages, embeddings, rerank, generateContent, and what counts their tokens. Whole
 * paths: `/threads/{id}/messages` or `/messages/batches` create something.
 */
const inferencePath =
  /^\/(?:chat\/completions|completions|responses(?:\/compact|\/input_tokens)?|messages(?:\/count_tokens)?|embeddings|rerank)\/?$/;
const geminiMethod = /^\/.+:(?:generateContent|streamGenerateContent|countTokens|embedContent|batchEmbedContents)$/;

/** `rest`: the path after the version segment ("/chat/completions"), without query. */
export function isInferencePath(rest: string, method: string): boolean {
  return method === "POST" && (inferencePath.test(rest) || geminiMethod.test(rest));
}
