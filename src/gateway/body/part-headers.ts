// Reads the header block of a part of a multipart/form-data body (RFC 7578), refusing what parsers read differently.

/** The name of a part's field, and whether it is a file. */
export interface PartField {
  name: string | null;
  isFile: boolean;
}

/**
 * `block` is the header lines with CRLF between them. Returns a text that says what is wrong when an upstream could find
 * another name or value in the part than we do: a repeated header or parameter, an encoded name, an encoded value.
 */
export function readPartHeaders(block: string): PartField | string {
  let disposition: string | null = null;
  for (const line of unfold(block)) {
    const colon = line.indexOf(":");
    if (colon <= 0) return "a part has a malformed header";
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (name === "content-disposition") {
      if (disposition !== null) return "a part has two content-disposition headers";
      disposition = value;
    } else if (name === "content-transfer-encoding" && !/^(?:7bit|8bit|binary)$/i.test(value)) {
      return "a part has a content-transfer-encoding";
    }
  }
  if (disposition === null) return { name: null, isFile: false };
  const parameters = readParameters(disposition);
  if (parameters === null) return "a part has a malformed content-disposition header";
  const name = parameters.get("name") ?? null;
  if (parameters.has("name*") || name?.includes("\\")) return "a part has an encoded name";
  return { name, isFile: parameters.has("filename") || parameters.has("filename*") };
}

function unfold(block: string): string[] {
  if (block === "") return [];
  const lines: string[] = [];
  for (const line of block.split("\r\n")) {
    if (/^[ \t]/.test(line) && lines.length > 0) lines[lines.length - 1] += ` ${line.trim()}`;
    else lines.push(line);
  }
  return lines;
}

/**
 * The parameters of a header value such as `form-data; name="x"`, names in lower case; null when it is malformed or names
 * one twice. In quoted values a backslash stands for itself unless a quote or backslash follows, as browsers' file names need.
 */
export function readParameters(value: string): Map<string, string> | null {
  const parameters = new Map<string, string>();
  const semicolon = value.indexOf(";");
  if (semicolon === -1) return parameters;
  const parameter = /;[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*)))?[ \t]*/y;
  parameter.lastIndex = semicolon;
  while (parameter.lastIndex < value.length) {
    const match = parameter.exec(value);
    if (match === null) return null;
    const name = match[1]?.toLowerCase();
    if (name === undefined) continue;
    if (parameters.has(name)) return null;
    parameters.set(name, match[2]?.replace(/\\(["\\])/g, "$1") ?? match[3] ?? "");
  }
  return parameters;
}
