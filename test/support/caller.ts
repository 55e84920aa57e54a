// A caller with a key who makes calls by the thousand and notes of each what came back.
import { Pool } from "undici";
import type { LooseJson } from "./loose-json.ts";

export interface CallOptions {
  /** Default `/v1/chat/completions`. */
  path?: string;
  headers?: Record<string, string>;
  /** Over the usual body: `{model, messages}`. */
  body?: object;
}

export interface CallAnswered {
  /** 0 when no answer came. */
  status: number;
  headers: Record<string, string>;
  text: string;
  /** Why the answer is not whole; null when it is. */
  broken: string | null;
  requestId: string;
  /** `x-headgate-endpoint`; "" when there is none. */
  endpoint: string;
  /** `x-headgate-attempts`; 0 when there is none. */
  attempts: number;
  startedAtMs: number;
  tookMs: number;
}

export class Caller {
  readonly #pool: Pool;
  readonly #key: string;

  constructor(url: string, key: string) {
    this.#pool = new Pool(new URL(url).origin, { headersTimeout: 60_000, bodyTimeout: 60_000 });
    this.#key = key;
  }

  /** Never rejects: what went wrong is in the answer. */
  async call(model: string, { path = "/v1/chat/completions", headers = {}, body = {} }: CallOptions = {}): Promise<CallAnswered> {
    const startedAtMs = Date.now();
    const answered: CallAnswered = {
      status: 0,
      headers: {},
      text: "",
      broken: null,
      requestId: "",
      endpoint: "",
      attempts: 0,
      startedAtMs,
      tookMs: 0,
    };
    try {
      const response = await this.#pool.request({
        method: "POST",
        path,
        headers: { authorization: `Bearer ${this.#key}`, "content-type": "application/json", ...headers },
        body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], ...body }),
      });
      answered.status = response.statusCode;
      answered.headers = response.headers as Record<string, string>;
      answered.requestId = answered.headers["x-request-id"] ?? "";
      answered.endpoint = answered.headers["x-headgate-endpoint"] ?? "";
      answered.attempts = Number(answered.headers["x-headgate-attempts"] ?? 0);
      for await (const chunk of response.body) answered.text += chunk;
    } catch (error) {
      answered.broken = String(error);
    }
    answered.tookMs = Date.now() - startedAtMs;
    return answered;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}

/** `count` calls, `atOnce` of them under way at any time. */
export async function callMany<T>(count: number, atOnce: number, call: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      results[index] = await call(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker));
  return results;
}

/**
 * Calls at a fixed rate, whatever becomes of them, until `stop` is called; that resolves when the last is over. Where a machine
 * is too slow for the rate, no more than `atOnceMax` are under way: more would only add to its trouble.
 */
export function callAtRate<T>(
  perSecond: number,
  call: (index: number) => Promise<T>,
  { atOnceMax = 500 } = {},
): { stop(): Promise<T[]> } {
  const calls: Promise<T>[] = [];
  let underWay = 0;
  const startedAtMs = performance.now();
  const timer = setInterval(() => {
    const dueCalls = ((performance.now() - startedAtMs) * perSecond) / 1000;
    while (calls.length < dueCalls && underWay < atOnceMax) {
      underWay++;
      calls.push(call(calls.length).finally(() => underWay--));
    }
  }, 5);
  return {
    stop() {
      clearInterval(timer);
      return Promise.all(calls);
    },
  };
}

/** How many of each, the most frequent first: `{"a": 12, "b": 3}`. */
export function tally(values: Iterable<string | number>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}

/** What an answer says, as JSON. */
export function jsonOf({ text }: CallAnswered): LooseJson {
  return JSON.parse(text);
}
