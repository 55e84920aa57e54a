// Of the headers that a browser sends with a page's request, those which say something about the request and nothing about the page.

/** All others stay here: cookies, tokens against forgery, and where the page is (`origin`, `referer`). */
const kept = new Set([
  "accept",
  "content-type",
  "user-agent",
  "anthropic-version",
  "anthropic-beta",
  "openai-beta",
  "idempotency-key",
]);

/** `rawHeaders`: a flat list, as node:http has it. */
export function pageHeaders(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    if (kept.has((rawHeaders[i] as string).toLowerCase())) headers.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  }
  return headers;
}
