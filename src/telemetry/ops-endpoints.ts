// /livez, /readyz and /metrics.
import type { IncomingMessage, ServerResponse } from "node:http";
import { HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import { isOpsPath, pathOf } from "../domain/side-paths.ts";
import type { Metrics } from "./metrics.ts";
import type { Readiness } from "./readiness.ts";

export type ExposedMetrics = Pick<Metrics, "text" | "contentType">;

export interface OpsOptions {
  readiness: Pick<Readiness, "answer">;
  metrics: ExposedMetrics;
  nowMs: () => number;
  /** Throws the HeadgateError to answer unless the request may read metrics; null: metrics have a port of their own. */
  authorizeMetrics: ((req: IncomingMessage) => void) | null;
}

export class OpsEndpoints {
  readonly #options: OpsOptions;

  constructor(options: OpsOptions) {
    this.#options = options;
  }

  owns(target: string): boolean {
    return isOpsPath(target);
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    const path = pathOf(req.url ?? "/");
    const fail = (error: HeadgateError) => sendFailure(req, res, error);
    if (req.method !== "GET" && req.method !== "HEAD")
      return fail(new HeadgateError("method_not_allowed", { allow: ["GET", "HEAD"] }));
    if (path === "/livez") return sendJson(req, res, 200, { status: "ok" });
    if (path === "/readyz") {
      const { status, body } = this.#options.readiness.answer(this.#options.nowMs());
      return sendJson(req, res, status, body);
    }
    if (this.#options.authorizeMetrics === null) return fail(new HeadgateError("not_found"));
    try {
      this.#options.authorizeMetrics(req);
    } catch (error) {
      return fail(error as HeadgateError);
    }
    sendMetrics(this.#options.metrics, res);
  }
}

/** Answers with all metrics as text; also the handler of a port of their own. */
export function sendMetrics(metrics: ExposedMetrics, res: ServerResponse): void {
  metrics.text().then(
    (text) => {
      res.writeHead(200, { "content-type": metrics.contentType, "content-length": Buffer.byteLength(text) });
      res.end(text);
    },
    () => res.destroy(),
  );
}

function sendFailure(req: IncomingMessage, res: ServerResponse, error: HeadgateError): void {
  res.setHeader("x-request-id", newId("req"));
  res.setHeader("x-headgate-error-source", "gateway");
  res.setHeader("x-headgate-error-code", error.code);
  if (error.status === 401) res.setHeader("www-authenticate", "Bearer");
  const { allow, retryAfterSeconds } = error.options;
  if (allow !== undefined) res.setHeader("allow", allow.join(", "));
  if (retryAfterSeconds !== undefined) res.setHeader("retry-after", String(retryAfterSeconds));
  req.resume();
  sendJson(req, res, error.status, {
    error: {
      message: error.message,
      type: error.status < 500 ? "invalid_request_error" : "api_error",
      param: null,
      code: error.code,
    },
  });
}

function sendJson(req: IncomingMessage, res: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value);
  res.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
  });
  res.end(req.method === "HEAD" ? undefined : body);
}
