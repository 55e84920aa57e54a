// The built dashboard in memory: every file that can be served, by name, so that no request ever names a file of the disk.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";

/** The build makes some dozens of files and less than 3 MB. */
const filesMax = 500;
const bytesMax = 16 * 1024 * 1024;

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

/** Those that are compressed in themselves gain nothing. */
const compressible = new Set([".css", ".html", ".ico", ".js", ".json", ".svg", ".txt", ".webmanifest"]);
const compressedFromBytes = 1024;

export interface BuiltFile {
  body: Buffer;
  contentType: string;
  isCompressible: boolean;
  /** Weak (RFC 9110, section 8.8.1): a compressed one is the same file. */
  etag: string;
}

/** By path below the folder, with slashes: `index.html`, `assets/index-1a2b3c.js`. */
export type BuiltFiles = ReadonlyMap<string, BuiltFile>;

/**
 * `base`: the path at which browsers reach the dashboard. Null: nothing has been built. Rejects when the folder holds more than any build, or
 * can't be read. Links are left out.
 */
export async function readBuiltFiles(folder: string, base: string): Promise<BuiltFiles | null> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  if (paths.length > filesMax) throw new Error(`${folder} has ${paths.length} files: that is no built dashboard`);
  const files = new Map<string, BuiltFile>();
  let bytes = 0;
  for (const path of paths.sort()) {
    const body = await readFile(path);
    bytes += body.length;
    if (bytes > bytesMax) throw new Error(`${folder} has more than ${bytesMax} bytes: that is no built dashboard`);
    const name = relative(folder, path).split(sep).join("/");
    files.set(name, builtFile(path, name === "index.html" ? withBase(body, base) : body));
  }
  return files.has("index.html") ? files : null;
}

/** The built page stands at `/dashboard/`, and asks for all the rest relative to that. */
function withBase(page: Buffer, base: string): Buffer {
  const href = base.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return Buffer.from(page.toString("utf8").replace('<base href="/dashboard/"', () => `<base href="${href}"`));
}

function builtFile(path: string, body: Buffer): BuiltFile {
  const extension = extname(path);
  return {
    body,
    contentType: contentTypes[extension] ?? "application/octet-stream",
    isCompressible: compressible.has(extension) && body.length >= compressedFromBytes,
    etag: `W/"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
  };
}
