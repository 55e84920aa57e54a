// Gets a manifest if it has changed: from its server with a conditional request, or from its file.
import type { Secret } from "../../core/secret.ts";
import { checkHeaderValue } from "../../domain/endpoint-fields.ts";
import { classifyFailure } from "../../egress/failure.ts";
import type { HttpClient, Reply } from "../../egress/http-client.ts";
import { ManifestFailure } from "./manifest-failure.ts";
import { manifestBytesMax } from "./parse-manifest.ts";
import { type ManifestCopy, readManifestFile } from "./read-manifest-file.ts";

export interface ManifestSource {
  /** An http(s) URL without user and password, or the path of a file. */
  url: string;
  /** Lower-case names. */
  headers: Readonly<Record<string, Secret>>;
  /** Of the copy that is there already; both null: there is none. */
  etag: string | null;
  lastModified: string | null;
}

export interface FetchOptions {
  client: HttpClient;
  /** Gives the fetch up. */
  signal?: AbortSignal;
}

const timeoutMs = 10_000;
const validatorMax = 1024;

export function isHttpUrl(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

/** Null: it is as the source's `etag` and `lastModified` say. Within 10 s. Throws ManifestFailure, and nothing else. */
export async function fetchManifest(source: ManifestSource, { client, signal }: FetchOptions): Promise<ManifestCopy | null> {
  if (!isHttpUrl(source.url)) return withinTime(readManifestFile(source.url, source.etag), signal);
  const reply = await ask(source, client, signal);
  const hasCopy = source.etag !== null || source.lastModified !== null;
  if (reply.status === 304 && hasCopy) return null;
  if (reply.status !== 200) throw new ManifestFailure("http", statusSentence(reply.status));
  return { text: reply.text, etag: validator(reply.headers.etag), lastModified: validator(reply.headers["last-modified"]) };
}

async function ask(source: ManifestSource, client: HttpClient, signal: AbortSignal | undefined): Promise<Reply> {
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "headgate" };
  for (const [name, value] of Object.entries(source.headers)) headers[name] = value.expose();
  if (source.etag !== null) headers["if-none-match"] = source.etag;
  if (source.lastModified !== null) headers["if-modified-since"] = source.lastModified;
  try {
    const question = { method: "GET", url: source.url, headers, timeoutMs, bytesMax: manifestBytesMax } as const;
    return await client.ask(signal === undefined ? question : { ...question, signal });
  } catch (error) {
    const { stage, message } = classifyFailure(error);
    throw new ManifestFailure(stage, message);
  }
}

function statusSentence(status: number): string {
  if (status === 304) return "The server answered 304, though it was not asked for changes only.";
  if (status >= 300 && status < 400) return `The server redirects (${status}); Headgate follows no redirects.`;
  if (status === 401 || status === 403) return `The server refuses the request (${status}): check the manifest's credentials.`;
  return `The server answered ${status}.`;
}

/** What can be sent back as a header, or null. */
function validator(value: string | undefined): string | null {
  return value === undefined || value === "" || value.length > validatorMax || checkHeaderValue(value) !== null ? null : value;
}

/** Files on a network share may never answer. */
async function withinTime<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const limits = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
  const limit = AbortSignal.any(limits);
  const given = new Promise<never>((_resolve, reject) => {
    const giveUp = () => reject(new ManifestFailure("file", "The file could not be read in time."));
    if (limit.aborted) giveUp();
    else limit.addEventListener("abort", giveUp, { once: true });
  });
  given.catch(() => {});
  work.catch(() => {}); // it may fail after the limit has
  return Promise.race([work, given]);
}
