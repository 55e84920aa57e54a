// Asks the admin API: JSON both ways, the session's CSRF token with every change, errors as `ApiError`.
import { apiPath } from "../base-path.ts";

/** An error of the admin API, or of the way to it (`code` = "unreachable"). */
export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  /** Dotted path of the field at fault. */
  readonly field: string | null;
  readonly conflicts: readonly unknown[];

  constructor(status: number, code: string, message: string, field: string | null = null, conflicts: readonly unknown[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.field = field;
    this.conflicts = conflicts;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Asked {
  query?: Query;
  body?: unknown;
  /** The version that the change is made to, or the ETag that was read: 412 `stale` when somebody else was quicker. */
  ifMatch?: number | string;
  signal?: AbortSignal | undefined;
}

let csrfToken: string | null = null;
let onSignedOut: () => void = () => {};
let onOtherSession: () => void = () => {};

/** From `GET /whoami`; sent with every change. */
export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

/** Called when an answer says that the session has ended. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

/** Called when an answer says that the session is another one than this page knows, as after a sign-in in another tab. */
export function whenOtherSession(listener: () => void): void {
  onOtherSession = listener;
}

/** The headers of a change that is not made through `ask`. */
export function changeHeaders(): Record<string, string> {
  return csrfToken === null ? {} : { "x-csrf-token": csrfToken };
}

/** `path` below the admin API, with its query. */
export function urlOf(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return `${apiPath}${path}${text === "" ? "" : `?${text}`}`;
}

/** Resolves to the answer's JSON (undefined for 204); rejects with `ApiError`, or what `signal` was aborted with. */
export async function ask<Answer>(method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const response = await answerOf(method, path, asked);
  if (response.status === 204) return undefined as Answer;
  return (await response.json()) as Answer;
}

/** One resource with its ETag, which is null where the answer has none. */
export async function getTagged<Answer>(path: string, signal?: AbortSignal): Promise<{ body: Answer; etag: string | null }> {
  const response = await answerOf("GET", path, { signal });
  return { body: (await response.json()) as Answer, etag: response.headers.get("etag") };
}

const ifMatchOf = (version: number | string) => (typeof version === "number" ? `"${version}"` : version);

async function answerOf(method: string, path: string, asked: Asked): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (method !== "GET") Object.assign(headers, changeHeaders());
  if (asked.body !== undefined) headers["content-type"] = "application/json";
  if (asked.ifMatch !== undefined) headers["if-match"] = ifMatchOf(asked.ifMatch);
  const body = asked.body === undefined ? null : JSON.stringify(asked.body);
  let response: Response;
  try {
    response = await fetch(urlOf(path, asked.query), { method, headers, body, signal: asked.signal ?? null });
  } catch (error) {
    if (asked.signal?.aborted) throw error;
    throw new ApiError(0, "unreachable", "Headgate does not answer. Is it running, and is the network there?");
  }
  if (!response.ok) throw await errorOf(response);
  return response;
}

export const get = <Answer>(path: string, query?: Query, signal?: AbortSignal) =>
  ask<Answer>("GET", path, { ...(query && { query }), signal });
export const post = <Answer>(path: string, body?: unknown, query?: Query) =>
  ask<Answer>("POST", path, { body, ...(query && { query }) });
export const put = <Answer>(path: string, body?: unknown) => ask<Answer>("PUT", path, { body });
export const patch = <Answer>(path: string, body: unknown, ifMatch?: number | string) =>
  ask<Answer>("PATCH", path, { body, ...(ifMatch !== undefined && { ifMatch }) });
export const remove = (path: string) => ask<undefined>("DELETE", path);

interface ErrorBody {
  error?: { code?: string; message?: string; field?: string; conflicts?: unknown[] };
}

/** Of an answer that says nothing itself: a proxy in front of a Headgate that is not there gives such. */
function withoutReason(status: number): string {
  return status >= 502 && status <= 504
    ? `Headgate cannot be reached (${status}). Is it running?`
    : `Headgate answered ${status}.`;
}

/** What went wrong, from an answer that is not 2xx. */
export async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const { code = "unexpected", message = withoutReason(response.status), field, conflicts } = body.error ?? {};
  // A wrong password is 401 too, and ends nothing.
  if (response.status === 401 && csrfToken !== null && code !== "invalid_credentials") onSignedOut();
  if (code === "csrf_required") onOtherSession();
  return new ApiError(response.status, code, message, field ?? null, conflicts ?? []);
}
