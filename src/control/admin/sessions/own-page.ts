// What comes from a page of this Headgate, and under which URL its people see it.
import type { FastifyRequest } from "fastify";
import { HeadgateError } from "../../../core/errors.ts";
import type { AdminContext } from "../context.ts";

/** For routes that anybody may call: what people type takes no more. */
export const openBodyBytesMax = 16 * 1024;

/**
 * The URL under which the browser sees Headgate, no trailing slash: the public one, else what this request was sent to. Without a public URL
 * whoever asks says so themselves, and only they get the answer; what others said (`x-forwarded-host`) does not count.
 */
export function ownUrl({ publicUrl, isSecure }: Pick<AdminContext, "publicUrl" | "isSecure">, request: FastifyRequest): string {
  if (publicUrl !== null) return publicUrl;
  const url = `${isSecure(request.raw) ? "https" : "http"}://${request.headers.host ?? ""}`;
  // A host and a port, and nothing else that could be written there.
  return URL.canParse(url) ? new URL(url).origin : "http://localhost";
}

/**
 * For routes that anybody may call, before the body is read: a page of another site must not sign somebody in as whom it likes, without
 * their noticing (login CSRF). A form can't send JSON, and a script says where it is from.
 */
export function onlyOwnPages(context: AdminContext) {
  return async (request: FastifyRequest): Promise<void> => {
    const type = request.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
    if (type !== "application/json" || !isOwnOrigin(context, request)) throw new HeadgateError("foreign_origin");
  };
}

/** Without the header it is no browser, or one that asks its own site. */
function isOwnOrigin({ publicUrl }: AdminContext, { headers }: FastifyRequest): boolean {
  const { origin, host } = headers;
  if (headers["sec-fetch-site"] === "cross-site") return false;
  if (origin === undefined) return true;
  // An origin is a scheme and a host, and nothing else.
  if (!URL.canParse(origin) || new URL(origin).origin !== origin) return false;
  const own = [host, publicUrl === null ? undefined : new URL(publicUrl).host];
  // A proxy that ends TLS leaves the scheme in the dark. URL takes a default port away.
  const { host: asking, protocol } = new URL(origin);
  return own.some((each) => each !== undefined && each !== "" && sameHost(each, asking, protocol));
}

function sameHost(own: string, asking: string, protocol: string): boolean {
  const url = `${protocol}//${own}`;
  return (protocol === "http:" || protocol === "https:") && URL.canParse(url) && new URL(url).host === asking;
}
