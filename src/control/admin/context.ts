// What the admin API needs from outside, and what its routes share.
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { SystemView } from "../../api/system.ts";
import type { Cipher } from "../../core/cipher.ts";
import type { Clock } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { Storage } from "../../storage/port.ts";

/** What a bearer token is: an administrator's (a key, or with null the token of HEADGATE_ADMIN_TOKEN), or why it is not. */
export type AuthenticatedToken = { kind: "admin"; keyId: string | null } | "unknown" | "not_admin" | "expired";

/** Brings a committed change to the data plane. Called after the transaction and before the answer, so that a new key works at once. */
export interface ChangePublisher {
  keyChanged(id: string): Promise<void>;
  routingChanged(): Promise<void>;
}

export interface AdminDeps {
  /** A function where the database may be away: null then, and every data route answers 503. */
  storage: Storage | (() => Storage | null);
  cipher: Cipher;
  publisher: ChangePublisher;
  /** Answered from the snapshot, so that it works without the database. */
  authenticate(token: string): AuthenticatedToken;
  system(): SystemView;
  clock: Clock;
  log: Logger;
  /** For the `servers` of the OpenAPI document; null: relative. */
  publicUrl: string | null;
}

export interface AdminContext extends AdminDeps {
  /** The database, or HeadgateError database_unavailable. */
  database(): Storage;
  /** Publishes a committed change. A failure is logged, not answered: the change stands, and the publisher catches up by itself. */
  publish(change: (publisher: ChangePublisher) => Promise<void>): Promise<void>;
}

/** Fastify with zod schemas as the source of request and answer types. */
export type AdminApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>;

declare module "fastify" {
  interface FastifyContextConfig {
    /** Who may call the route; a route without one keeps the server from starting. */
    policy?: "admin" | "public";
  }
  interface FastifyRequest {
    /** Who proved to be an administrator; null on public routes. */
    administrator: { keyId: string | null } | null;
  }
}

export function adminContext(deps: AdminDeps): AdminContext {
  return {
    ...deps,
    database() {
      const storage = typeof deps.storage === "function" ? deps.storage() : deps.storage;
      if (storage === null) throw new HeadgateError("database_unavailable");
      return storage;
    },
    async publish(change) {
      try {
        await change(deps.publisher);
      } catch (error) {
        deps.log.error({ err: error }, "a change is in the database, but could not be published to the data plane yet");
      }
    },
  };
}
