// The pages for people under /dashboard: index.html and its assets, as the build has made them, and the way there from `/`.
import type { IncomingMessage, ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Logger } from "../../core/logger.ts";
import { programFile } from "../../core/program-files.ts";
import { acceptedEncoding } from "../../domain/accepted.ts";
import { isDashboardRequest, pathOf } from "../../domain/side-paths.ts";
import { type BuiltFile, type BuiltFiles, readBuiltFiles } from "./built-files.ts";
import { notBuiltPage } from "./not-built-page.ts";
import { askedFile } from "./page-path.ts";

export interface DashboardOptions {
  /** Default: that of the build. */
  folder?: string | undefined;
  /** Its path is where a proxy has put Headgate. */
  publicUrl: string | null;
  log: Logger;
}

const builtFolder = fileURLToPath(programFile("dashboard/"));

const brotli = promisify(brotliCompress);
// A tenth bigger than the best, in a tenth of its time.
const brotliQuality = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const variants = {
  br: (body: Buffer): Promise<Buffer> => brotli(body, brotliQuality),
  gzip: promisify(gzip) as (body: Buffer) => Promise<Buffer>,
};

/** Nothing but what comes from here runs, is shown or is asked, and nobody frames it. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  // The page's own <base>, by which it works below a path that a proxy has put before it.
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

const commonHeaders: Readonly<Record<string, string>> = {
  "content-security-policy": contentSecurityPolicy,
  "x-frame-options": "DENY",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
};

/** Reads the files once; what is built later is seen at the next start. */
export async function openDashboard({ folder = builtFolder, publicUrl, log }: DashboardOptions): Promise<Dashboard> {
  const start = `${publicUrl === null ? "" : new URL(publicUrl).pathname.replace(/\/+$/, "")}/dashboard/`;
  const files = await readBuiltFiles(folder, start).catch((error: unknown) => {
    log.error({ err: error }, "the dashboard's files can't be read");
    return null;
  });
  return new Dashboard(files, start);
}

export class Dashboard {
  readonly #files: BuiltFiles | null;
  readonly #start: string;
  /** Made when first asked for: at most two of each file. */
  readonly #compressed = new Map<string, Promise<Buffer>>();

  /** `start`: the path at which browsers reach it. */
  constructor(files: BuiltFiles | null, start: string) {
    this.#files = files;
    this.#start = start;
  }

  sameOriginOnly(): boolean {
    return true;
  }

  owns(target: string, req: Pick<IncomingMessage, "method" | "headers">): boolean {
    return isDashboardRequest(target, req);
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    req.resume();
    for (const [name, value] of Object.entries(commonHeaders)) res.setHeader(name, value);
    const path = pathOf(req.url ?? "/");
    if (req.method !== "GET" && req.method !== "HEAD") {
      res.setHeader("allow", "GET, HEAD");
      return send(req, res, 405, "Only GET and HEAD are answered here.\n");
    }
    if (path === "/") {
      res.setHeader("location", this.#start);
      res.setHeader("vary", "accept");
      return send(req, res, 302, "The dashboard is at /dashboard/.\n");
    }
    if (this.#files === null) return send(req, res, 503, notBuiltPage);
    const asked = askedFile(path);
    const name = asked === null ? null : "page" in asked ? "index.html" : asked.name;
    const file = name === null ? undefined : this.#files.get(name);
    if (name === null || file === undefined) return send(req, res, 404, "There is no such page.\n");
    this.#sendFile(req, res, name, file).catch(() => res.destroy());
  }

  async #sendFile(req: IncomingMessage, res: ServerResponse, name: string, file: BuiltFile): Promise<void> {
    // Names of assets change with what is in them.
    res.setHeader("cache-control", name.startsWith("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    res.setHeader("etag", file.etag);
    if (file.isCompressible) res.setHeader("vary", "accept-encoding");
    if (isKnown(req.headers["if-none-match"], file.etag)) {
      res.writeHead(304).end();
      return;
    }
    const encoding = file.isCompressible ? acceptedEncoding(oneText(req.headers["accept-encoding"])) : null;
    const body = encoding === null ? file.body : await this.#variant(name, file, encoding);
    if (encoding !== null) res.setHeader("content-encoding", encoding);
    res.writeHead(200, { "content-type": file.contentType, "content-length": body.length });
    res.end(req.method === "HEAD" ? undefined : body);
  }

  #variant(name: string, { body }: BuiltFile, encoding: "br" | "gzip"): Promise<Buffer> {
    const key = `${encoding} ${name}`;
    const made = this.#compressed.get(key) ?? variants[encoding](body);
    this.#compressed.set(key, made);
    return made;
  }
}

function send(req: IncomingMessage, res: ServerResponse, status: number, text: string): void {
  res.setHeader("cache-control", "no-store");
  const type = text.startsWith("<") ? "text/html" : "text/plain";
  res.writeHead(status, { "content-type": `${type}; charset=utf-8`, "content-length": Buffer.byteLength(text) });
  res.end(req.method === "HEAD" ? undefined : text);
}

/** `if-none-match` (RFC 9110, section 13.1.2): a list of tags, compared weakly. */
function isKnown(header: string | undefined, etag: string): boolean {
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return header?.split(",").some((tag) => tag.trim() === "*" || opaque(tag) === opaque(etag)) === true;
}

function oneText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(",") : header;
}
