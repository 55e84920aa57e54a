// The requests that the load generators send, as bytes: a chat completion of 2 KB with the headers of OpenAI's SDK.
import { benchModel } from "./answers.mjs";

const bodyBytes = 2048;
const question =
  "Explain, with one example each, what connection reuse, backpressure and head-of-line blocking mean for a proxy. ";

/**
 * @param {{ port: number, key: string }} subject where the request goes, and as whom
 * @returns {Buffer} the whole request of a plain completion
 */
export function completionRequest(subject) {
  return request(subject, { model: benchModel, temperature: 0.7, max_tokens: 96 });
}

/**
 * @param {{ port: number, key: string }} subject
 * @param {{ chunkCount: number, intervalMs: number }} stream what the provider is to send; an interval of 0 is as fast as it can
 */
export function streamRequest(subject, { chunkCount, intervalMs }) {
  return request(subject, { model: benchModel, stream: true, max_tokens: chunkCount, bench_interval_ms: intervalMs });
}

function request({ port, key }, fields) {
  const body = bodyOfSize(fields);
  const head = [
    "POST /v1/chat/completions HTTP/1.1",
    `host: 127.0.0.1:${port}`,
    "accept: application/json",
    "content-type: application/json",
    "user-agent: OpenAI/JS 6.49.0",
    "x-stainless-lang: js",
    "x-stainless-package-version: 6.49.0",
    "x-stainless-os: Linux",
    "x-stainless-arch: x64",
    "x-stainless-runtime: node",
    "x-stainless-runtime-version: v20.20.2",
    "x-stainless-retry-count: 0",
    "x-stainless-timeout: 600",
    `authorization: Bearer ${key}`,
    "accept-language: *",
    "sec-fetch-mode: cors",
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/** The fields with messages that bring the body to 2 KB exactly, so that all subjects read the same amount. */
function bodyOfSize(fields) {
  const text = (content) =>
    JSON.stringify({
      ...fields,
      messages: [
        { role: "system", content: "You are a terse assistant." },
        { role: "user", content },
      ],
    });
  const missing = bodyBytes - text("").length;
  return Buffer.from(text(question.repeat(Math.ceil(missing / question.length)).slice(0, missing)));
}
