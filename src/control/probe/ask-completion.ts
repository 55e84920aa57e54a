// Asks one deployment for one token, on a connection of its own, and judges the answer.
import type { EndpointView } from "../../domain/snapshot.ts";
import { createConnector } from "../../egress/connector.ts";
import { classifyFailure } from "../../egress/failure.ts";
import { Client } from "../../egress/undici-client.ts";
import { type CompletionRequest, completionRequest } from "./completion-request.ts";
import { type ProbeOutcome, verdictOfStatus } from "./probe-outcome.ts";

const answerBytesMax = 64 * 1024;

export interface AskOptions {
  /** For connecting, asking and the whole answer together. */
  timeoutMs: number;
  /** Gives the question up. */
  signal: AbortSignal;
}

/**
 * ok: a 2xx with a JSON object that is no error. The model's provider bills a token or so for it. Whatever the endpoint
 * does is an outcome, not an exception; the connection is closed in every case.
 */
export async function askCompletion(endpoint: EndpointView, upstreamModel: string, options: AskOptions): Promise<ProbeOutcome> {
  const request = completionRequest(endpoint, upstreamModel);
  if (request === null) return { verdict: "neutral", cause: "invalid_path", latencyMs: 0 };
  const { timeoutMs, signal } = options;
  const startedAt = performance.now();
  const client = new Client(request.origin, {
    connect: createConnector({ connectTimeoutMs: Math.min(endpoint.timeouts.connectMs, timeoutMs), allowPrivate: true }),
    // The time limit below covers everything.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: answerBytesMax,
  });
  const ended = new AbortController();
  // undici notices a signal only once it is connected, so the exchange is raced against it.
  const aborted = new Promise<never>((_resolve, reject) => {
    ended.signal.addEventListener("abort", () => reject(ended.signal.reason));
  });
  const timer = setTimeout(() => ended.abort(new DOMException("time limit", "TimeoutError")), timeoutMs);
  const giveUp = () => ended.abort(new DOMException("given up", "AbortError"));
  signal.addEventListener("abort", giveUp);
  if (signal.aborted) giveUp();
  const exchanged = exchange(client, request, ended.signal);
  exchanged.catch(() => {}); // it may fail after the time limit has
  let judged: Omit<ProbeOutcome, "latencyMs">;
  try {
    judged = await Promise.race([exchanged, aborted]);
  } catch (error) {
    judged = { verdict: "failed", cause: classifyFailure(error).code };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", giveUp);
    client.destroy().catch(() => {});
  }
  return { ...judged, latencyMs: Math.round(performance.now() - startedAt) };
}

async function exchange(
  client: Client,
  { path, headers, body }: CompletionRequest,
  signal: AbortSignal,
): Promise<Omit<ProbeOutcome, "latencyMs">> {
  const answer = await client.request({ method: "POST", path, headers, body, signal });
  answer.body.on("error", () => {}); // one that is not read may still break
  const { statusCode } = answer;
  if (statusCode < 200 || statusCode > 299) return { verdict: verdictOfStatus(statusCode), cause: `http ${statusCode}` };
  const cause = faultOf(await answer.body.text());
  return cause === null ? { verdict: "ok", cause: "ok" } : { verdict: "failed", cause };
}

/** What is wrong with a 2xx's body: sign-in pages and gateways that hide an error behind a 200 serve nobody. */
function faultOf(text: string): "empty" | "not_json" | "error_in_answer" | null {
  if (text === "") return "empty";
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "not_json";
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return "not_json";
  const { error } = json as { error?: unknown };
  return error === undefined || error === null ? null : "error_in_answer";
}
