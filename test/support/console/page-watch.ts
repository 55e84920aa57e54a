// Everything that goes wrong in a browser while a test looks elsewhere: messages on its console, errors of scripts, failed requests, refusals.
import type { BrowserContext, ConsoleMessage, Request, Response } from "playwright-core";

export interface Announced {
  status: number;
  /** Of the request, without the query; a text is its end. */
  path: string | RegExp;
  /** Default 1; "any": whether it comes, and how often, is left to chance. */
  times?: number | "any";
}

/** What Chromium logs about an answer of 4xx or 5xx; the answer itself is watched. */
const resourceFailure = /^Failed to load resource: the server responded with a status of/;

export class PageWatch {
  readonly #troubles: string[] = [];
  #foreseen: RegExp[] = [];
  #announced: { announced: Announced; left: number }[] = [];

  constructor(context: BrowserContext) {
    context.on("console", (message) => this.#onConsole(message));
    context.on("weberror", (error) => this.#troubles.push(`error of a script: ${error.error().stack ?? error.error().message}`));
    context.on("requestfailed", (request) => this.#onFailed(request));
    context.on("response", (response) => this.#onResponse(response));
  }

  /** A refusal that the test is about: it must come, as often as said and no more. */
  expect(announced: Announced): void {
    this.#announced.push({ announced, left: announced.times === "any" ? Number.POSITIVE_INFINITY : (announced.times ?? 1) });
  }

  /** Trouble that may come, in the words of `take`: for what Chromium itself refuses. */
  foresee(trouble: RegExp): void {
    this.#foreseen.push(trouble);
  }

  /** What has gone wrong since the last call without having been announced, and what was announced and has not come. */
  take(): string[] {
    const missing = this.#announced
      .filter(({ left }) => left > 0 && left < Number.POSITIVE_INFINITY)
      .map(({ announced: { status, path }, left }) => `${left} × ${status} of ${path} was announced and did not come`);
    const unforeseen = this.#troubles.splice(0).filter((trouble) => !this.#foreseen.some((pattern) => pattern.test(trouble)));
    this.#announced = [];
    this.#foreseen = [];
    return [...unforeseen, ...missing];
  }

  #onConsole(message: ConsoleMessage): void {
    const text = message.text();
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (resourceFailure.test(text)) return;
    this.#troubles.push(`console ${message.type()}: ${text} (${message.location().url})`);
  }

  #onFailed(request: Request): void {
    const reason = request.failure()?.errorText ?? "unknown";
    // The page has moved on, or does not want the answer any more.
    if (reason === "net::ERR_ABORTED") return;
    this.#troubles.push(`failed request: ${request.method()} ${request.url()}: ${reason}`);
  }

  #onResponse(response: Response): void {
    const status = response.status();
    if (status < 400) return;
    const { pathname } = new URL(response.url());
    const expected = this.#announced.find(({ announced: { status: awaited, path }, left }) => {
      return left > 0 && awaited === status && (typeof path === "string" ? pathname.endsWith(path) : path.test(pathname));
    });
    if (expected !== undefined) expected.left--;
    else this.#troubles.push(`refusal: ${status} of ${response.request().method()} ${response.url()}`);
  }
}
