// What the admin API needs from outside, and what its routes share.
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { HealthBody } from "../../api/models.ts";
import type { SystemView } from "../../api/system.ts";
import type { Cipher } from "../../core/cipher.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { ExplainQuestion, Explanation } from "../../domain/explanation.ts";
import type { Storage } from "../../storage/port.ts";
import type { SyncSchedule } from "../discovery/schedule.ts";
import type { Synchronizer } from "../discovery/synchronize.ts";
import type { PeopleChange } from "../identity/people-change.ts";
import type { ManifestSync } from "../manifest/manifest-sync.ts";
import { databaseUnavailable } from "./answers.ts";

/** What a bearer token is: an administrator's (a key, or with null the token of HEADGATE_ADMIN_TOKEN), or why it is not. */
export type AuthenticatedToken = { kind: "admin"; keyId: string | null } | "unknown" | "not_admin" | "expired";

/** Brings a committed change to the data plane. Called after the transaction and before the answer, so that a new key works at once. */
export interface ChangePublisher {
  keyChanged(id: string): Promise<void>;
  routingChanged(): Promise<void>;
  /** Users that have come, changed or gone, with what went with them: their memberships, and the keys of those who are gone. */
  peopleChanged(change: PeopleChange): Promise<void>;
}

/** How a deployment is, as the data plane sees it. */
export type HealthLookup = (deploymentId: string) => HealthBody;

/** Nothing is known: of no deployment where no lookup is wired, and of one that the data plane has not met. */
export const unknownHealth: HealthLookup = () => ({
  status: "unknown",
  cause: null,
  since: null,
  until: null,
  latency_ms: null,
  in_flight: 0,
  failure_ratio: null,
});

export interface AdminDeps {
  /** A function where the database may be away: null then, and every data route answers 503. */
  storage: Storage | (() => Storage | null);
  cipher: Cipher;
  publisher: ChangePublisher;
  synchronizer: Synchronizer;
  /** Fetches manifests, and knows how they are. Default: none does, and only what the database says is shown. */
  manifests?: Pick<ManifestSync, "refresh" | "reload" | "reapply" | "state">;
  /** Told when endpoints come, go, or change their interval. */
  schedule: Pick<SyncSchedule, "refresh">;
  /** Answered from the snapshot, so that it works without the database. */
  authenticate(token: string): AuthenticatedToken;
  system(): SystemView;
  /** Default: unknown. */
  healthOf?: HealthLookup;
  /** Answered by the data plane, from what it knows. Null while it knows nothing; throws HeadgateError invalid_field. */
  explain(question: ExplainQuestion): Explanation | null;
  clock: Clock;
  log: Logger;
  /** For the `servers` of the OpenAPI document; null: relative. */
  publicUrl: string | null;
}

export interface AdminContext extends AdminDeps {
  healthOf: HealthLookup;
  /** The database, or HeadgateError database_unavailable. */
  database(): Storage;
  /** Publishes a committed change. A failure is logged, not answered: the change stands, and the publisher catches up by itself. */
  publish(change: (publisher: ChangePublisher) => Promise<void>): Promise<void>;
  /** Publishes changed endpoints, and has the schedule follow them. */
  publishEndpoints(): Promise<void>;
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
  /** After the commit: a failure can't take the change back, and must not look as if it had. */
  async function afterCommit(work: () => Promise<void>, failure: string): Promise<void> {
    try {
      await work();
    } catch (error) {
      deps.log.error({ err: error }, failure);
    }
  }

  const publish: AdminContext["publish"] = (change) =>
    afterCommit(() => change(deps.publisher), "a change is in the database, but could not be published to the data plane yet");

  return {
    ...deps,
    healthOf: deps.healthOf ?? unknownHealth,
    publish,
    database() {
      const storage = typeof deps.storage === "function" ? deps.storage() : deps.storage;
      if (storage === null) throw databaseUnavailable();
      return storage;
    },
    async publishEndpoints() {
      await publish((publisher) => publisher.routingChanged());
      await afterCommit(() => deps.schedule.refresh(), "the schedule of synchronisations does not know of a change yet");
    },
  };
}
