// Lets only administrators past, before anything of the body is read.
import type { IncomingHttpHeaders } from "node:http";
import type { FastifyRequest } from "fastify";
import { HeadgateError } from "../../../core/errors.ts";
import type { AuthenticatedToken } from "../context.ts";

/** The hook that holds every route of policy `admin` to a valid administrator's token. */
export function requireAdministrator(authenticate: (token: string) => AuthenticatedToken) {
  return async (request: FastifyRequest): Promise<void> => {
    if (request.is404 || request.routeOptions.config.policy === "public") return;
    const token = bearerToken(request.headers);
    if (token === null) {
      throw new HeadgateError("missing_key", {
        message: "No administrator token was sent. Send it as 'Authorization: Bearer <token>' or 'x-api-key'.",
      });
    }
    const answer = authenticate(token);
    if (answer === "unknown") throw new HeadgateError("invalid_key");
    if (answer === "expired") throw new HeadgateError("key_expired");
    if (answer === "not_admin") throw new HeadgateError("not_allowed", { message: "This key lacks the scope 'admin'." });
    request.administrator = { keyId: answer.keyId };
  };
}

/** `Authorization: Bearer` (the scheme in any case, RFC 9110 section 11.1), else `x-api-key`. */
function bearerToken(headers: IncomingHttpHeaders): string | null {
  const bearer = /^bearer +(\S+)\s*$/i.exec(headers.authorization ?? "");
  if (bearer !== null) return bearer[1] as string;
  const apiKey = headers["x-api-key"];
  return typeof apiKey === "string" && apiKey !== "" ? apiKey : null;
}
