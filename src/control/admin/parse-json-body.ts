// Reads bodies: JSON, whatever their content type says.
import { HeadgateError } from "../../core/errors.ts";
import type { AdminApp } from "./context.ts";

/**
 * Every body is read as JSON: clients that forget the content type (`curl -d`) mean nothing else. An empty one counts as
 * none. `__proto__` and `constructor.prototype` are refused.
 */
export function parseJsonBody(app: AdminApp): void {
  const parse = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "string" }, (request, body, done) => {
    if (body === "") return done(null, undefined);
    void parse(request, body as string, (error, value) => {
      if (error === null) done(null, value);
      else done(new HeadgateError("invalid_json", { message: whereItBreaks(body as string), cause: error }));
    });
  });
}

/** The position only: the words of `JSON.parse` quote the body, which may hold a credential. */
function whereItBreaks(body: string): string {
  try {
    JSON.parse(body);
    return "The request body may not hold `__proto__` or `constructor.prototype`.";
  } catch (error) {
    const position = /at position (\d+)/.exec(String(error))?.[1];
    const where = position === undefined ? "." : `: reading stopped at position ${position}.`;
    return `The request body is not valid JSON${where}`;
  }
}
