// What stands behind the models is shown to those whose role reads endpoints: others see models alone.
import type { FastifyRequest } from "fastify";
import { HeadgateError } from "../../../core/errors.ts";
import { reachOf } from "../../../domain/policy.ts";

type Asked = Pick<FastifyRequest, "actor">;

export function areEndpointsShown({ actor }: Asked): boolean {
  return actor !== null && reachOf(actor.role, "endpoints.read") === "all";
}

/** Throws HeadgateError not_allowed: what is asked by endpoint would show them too. */
export function requireEndpointsShown(request: Asked, field: string): void {
  if (areEndpointsShown(request)) return;
  throw new HeadgateError("not_allowed", { field, message: `Your role does not show endpoints (\`${field}\`).` });
}
