// One connection to an endpoint for one listing: JSON by GET, within a time limit and a size limit for all of it.
import { createConnector, type Resolve } from "../../egress/connector.ts";
import { classifyFailure } from "../../egress/failure.ts";
import { Client } from "../../egress/undici-client.ts";
import { failedBeforeAnswer } from "./list-failures.ts";
import { type ListTarget, listHeaders } from "./list-target.ts";

const maxBodyBytes = 16 * 1024 * 1024;

export interface ListOptions {
  /** For all requests of the listing together. */
  timeoutMs: number;
  /** Gives the listing up. */
  signal?: AbortSignal;
  /** Default true: endpoints are made by an administrator. */
  allowPrivate?: boolean;
  /** In place of the system's resolver; for tests. */
  resolve?: Resolve;
}

export interface ListAnswer {
  status: number;
  /** The `location` header, if any. */
  location: string | null;
  text: string;
}

export interface ListConnection {
  /** GETs `url` with the endpoint's query and `parameters`. Throws ListingFailed when no complete answer comes. */
  get(url: string, parameters: Readonly<Record<string, string>>): Promise<ListAnswer>;
  close(): void;
}

export function openListConnection(target: ListTarget, options: ListOptions): ListConnection {
  const { timeoutMs, allowPrivate = true, resolve } = options;
  const connectTimeoutMs = Math.min(target.connectTimeoutMs, timeoutMs);
  const client = new Client(new URL(target.url).origin, {
    connect: createConnector({ connectTimeoutMs, allowPrivate, ...(resolve && { resolve }) }),
    // The time limit below covers everything.
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: maxBodyBytes,
  });
  let connected = false;
  client.on("connect", () => {
    connected = true;
  });

  const controller = new AbortController();
  // undici notices a signal only once it is connected, so every wait is raced against it.
  const aborted = new Promise<never>((_resolve, reject) => {
    controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
  });
  aborted.catch(() => {});
  const timer = setTimeout(() => controller.abort(new DOMException("time limit", "TimeoutError")), timeoutMs);
  const giveUp = () => controller.abort(new DOMException("given up", "AbortError"));
  options.signal?.addEventListener("abort", giveUp);
  if (options.signal?.aborted) giveUp();

  async function request(path: string): Promise<ListAnswer> {
    const { statusCode, headers, body } = await client.request({
      method: "GET",
      path,
      headers: listHeaders(target),
      signal: controller.signal,
    });
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk as Buffer);
    const location = typeof headers.location === "string" ? headers.location : null;
    return { status: statusCode, location, text: new TextDecoder().decode(Buffer.concat(chunks)) };
  }

  return {
    async get(url, parameters) {
      const { pathname, searchParams } = new URL(url);
      for (const [name, value] of Object.entries({ ...parameters, ...target.query })) searchParams.set(name, value);
      const query = searchParams.toString();
      const answer = request(query === "" ? pathname : `${pathname}?${query}`);
      answer.catch(() => {}); // it may fail after the time limit has
      try {
        return await Promise.race([answer, aborted]);
      } catch (error) {
        const failure = classifyFailure(error);
        const stage = controller.signal.aborted ? (connected ? "http" : "connect") : failure.stage;
        throw failedBeforeAnswer({ ...failure, stage }, { target, timeoutMs, connectTimeoutMs });
      }
    },
    close() {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", giveUp);
      client.destroy().catch(() => {});
    },
  };
}
