// Refuses paths that could mean one thing to us and another to an endpoint.
import { HeadgateError } from "../core/errors.ts";

const plainPath = /^\/(?:[A-Za-z0-9_~:@!$&'()*+,;=.-]+(?:\/[A-Za-z0-9_~:@!$&'()*+,;=.-]+)*\/?)?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is its purpose
const controlCharacter = /[\x00-\x1f\x7f]/;
const dotSegment = /(?:^|\/)\.{1,2}(?:\/|$|;)/;

/**
 * Throws `invalid_path` when `path` (without query) has a scheme, `//`, `\`, a dot segment, a control character or a
 * fragment, raw or percent-encoded up to three times over (RFC 3986 §5.2.4, §6.2.2).
 */
export function checkPath(path: string): void {
  // The common case costs one regular expression: only unreserved characters, and no dot that could begin a segment.
  if (plainPath.test(path) && !path.includes("/.")) return;
  let text = path;
  for (let round = 0; round < 4; round++) {
    if (
      !text.startsWith("/") ||
      text.includes("//") ||
      text.includes("\\") ||
      text.includes("#") ||
      text.includes("?") ||
      controlCharacter.test(text) ||
      dotSegment.test(text)
    ) {
      throw new HeadgateError("invalid_path");
    }
    if (!text.includes("%")) return;
    let decoded: string;
    try {
      decoded = decodeURIComponent(text);
    } catch {
      throw new HeadgateError("invalid_path", { message: "The path has a percent sign that begins no valid escape." });
    }
    if (decoded === text) return;
    text = decoded;
  }
  throw new HeadgateError("invalid_path");
}
