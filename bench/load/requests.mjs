// The requests that the load generators send, as bytes: a chat completion of 2 KB with the headers of OpenAI's SDK.
import { benchModel } from "./answers.mjs";

const smallBodyBytes = 2048;
const largeBodyBytes = 100_000;
const question =
  "Explain, with one example each, what connection reuse, backpressure and head-of-line blocking mean for a proxy. ";

/**
 * @typedef {object} Called where a request goes, and as whom; a Subject has all of it
 * @property {number} port
 * @property {string} key
 * @property {string} [host]
 * @property {string} [path] of the API, without slash at the end
 * @property {string} [model]
 * @property {string[]} [headers] more lines of the head
 */

/**
 * @param {Called} subject
 * @returns {Buffer} the whole request of a plain completion
 */
export function completionRequest(subject) {
  return request(subject, { temperature: 0.7, max_tokens: 96 }, smallBodyBytes);
}

/** The same with a body of 100 kB, and an answer as large. @param {Called} subject */
export function largeRequest(subject) {
  return request(subject, { max_tokens: largeBodyBytes, bench_large: true }, largeBodyBytes);
}

/**
 * @param {Called} subject
 * @param {{ chunkCount: number, intervalMs: number, isStamped?: boolean, isAtOnce?: boolean }} stream what the provider is to send; an
 * interval of 0 is as fast as it can. `isAtOnce`: the first chunk comes with the head of the answer. The others, of streams
 * that begin together, are spread over the interval
 */
export function streamRequest(subject, { chunkCount, intervalMs, isStamped = false, isAtOnce = false }) {
  const asked = { bench_interval_ms: intervalMs, bench_stamps: isStamped, bench_at_once: isAtOnce };
  return request(subject, { stream: true, max_tokens: chunkCount, ...asked }, smallBodyBytes);
}

function request({ port, key, host = "127.0.0.1", path = "/v1", model = benchModel, headers = [] }, fields, bodyBytes) {
  const body = bodyOfSize({ model, ...fields }, bodyBytes);
  const head = [
    `POST ${path}/chat/completions HTTP/1.1`,
    `host: ${host}:${port}`,
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
    ...headers,
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`), body]);
}

/** The fields with messages that bring the body to `bodyBytes` exactly, so that all subjects read the same amount. */
function bodyOfSize(fields, bodyBytes) {
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
