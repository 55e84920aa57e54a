// Where a manifest is: an http(s) URL, perhaps with user and password in it, or a file.
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Secret } from "../core/secret.ts";

export interface ManifestLocation {
  /** Without user and password; or the file's absolute path. */
  url: string;
  /** The `authorization` header that user and password make; null: there are none. */
  authorization: Secret | null;
}

/** What makes a text a URL of another kind than file:; a path may well have a colon in it. */
const notFile = /^(?!file:)(https?:|[a-z][a-z0-9+.-]*:\/\/)/i;

/** What is wrong with a manifest's URL or path, or null. Never repeats it: it may hold a password. */
export function checkManifestLocation(text: string): string | null {
  if (text.trim() === "") return "must not be empty";
  if (text.length > 4096) return "must be at most 4096 characters";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  if (/[\u0000-\u001f\u007f]/.test(text)) return "must not contain control characters";
  if (isFile(text)) return filePathOf(text) === null ? "must be a file: URL of this machine" : null;
  if (!/^https?:\/\//i.test(text)) return "must begin with http:// or https://, or be the path of a file";
  if (!URL.canParse(text) || /[\s\\]/.test(text)) return "is not a URL";
  if (text.includes("#")) return "must not contain a fragment ('#')";
  const { username, password } = new URL(text);
  return decoded(username) === null || decoded(password) === null
    ? "has a user name or password with a '%' in it that must be written '%25'"
    : null;
}

/** Parses what `checkManifestLocation` accepts; relative paths start at `directory`. */
export function parseManifestLocation(text: string, directory: string): ManifestLocation {
  if (isFile(text)) return { url: resolve(directory, filePathOf(text) as string), authorization: null };
  const url = new URL(text);
  const { username, password } = url;
  url.username = "";
  url.password = "";
  if (username === "" && password === "") return { url: url.href, authorization: null };
  const pair = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  return { url: url.href, authorization: new Secret(`Basic ${pair}`) };
}

function isFile(text: string): boolean {
  return !notFile.test(text);
}

/** The path as written, perhaps relative: `file:status.json` is too, though no standard says so. */
function filePathOf(text: string): string | null {
  if (!/^file:/i.test(text)) return text;
  if (!/^file:\//i.test(text)) return text.slice("file:".length) || null;
  try {
    return fileURLToPath(text);
  } catch {
    return null;
  }
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
