// What the admin API needs from outside, and what its routes share.
import type { IncomingMessage } from "node:http";
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import type { HealthBody } from "../../api/models.ts";
import type { SystemState } from "../../api/system.ts";
import type { Cipher } from "../../core/cipher.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { ExplainQuestion, Explanation } from "../../domain/explanation.ts";
import type { ProvenIdentity } from "../../domain/identity.ts";
import type { OidcConfig } from "../../domain/identity-config.ts";
import type { Action, Reach } from "../../domain/policy.ts";
import type { HttpClient } from "../../egress/http-client.ts";
import type { Storage } from "../../storage/ports/storage.ts";
import type { AllowanceViews } from "../allowances/allowance-views.ts";
import { MemoryAuthority } from "../allowances/memory-authority.ts";
import type { SyncSchedule } from "../discovery/schedule.ts";
import type { Synchronizer } from "../discovery/synchronize.ts";
import { EventHub } from "../events/event-hub.ts";
import type { ExportRuns } from "../exports/export-runs.ts";
import type { PeopleChange } from "../identity/people-change.ts";
import type { ManifestSync } from "../manifest/manifest-sync.ts";
import { PriceBook } from "../prices/price-book.ts";
import { databaseUnavailable } from "./answers.ts";
import type { Actor } from "./authorize/actor.ts";
import type { Playground } from "./playground/playground.ts";

/** What a bearer token is: one that may administer (a key, or with null the token of HEADGATE_ADMIN_TOKEN), or why it is not. */
export type AuthenticatedToken =
  | { kind: "admin"; keyId: null }
  | { kind: "admin"; keyId: string; keyName: string; userId: string | null }
  | "unknown"
  | "not_admin"
  | "expired";

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

/** A model as somebody sees it who may use it. */
export interface UsableModel {
  name: string;
  /** `offline`: no endpoint serves it for this user now. */
  status: "active" | "offline";
}

export interface AdminDeps {
  /** A function where the database may be away: null then, and every data route answers 503. */
  storage: Storage | (() => Storage | null);
  cipher: Cipher;
  publisher: ChangePublisher;
  synchronizer: Synchronizer;
  /** Fetches manifests, and knows how they are. Default: none does, and only what the database says is shown. */
  manifests?: Pick<ManifestSync, "refresh" | "reload" | "reapply" | "state">;
  /** What models cost. Default: one of its own. */
  prices?: PriceBook;
  /** What holders of limits have used. Default: nothing. */
  allowances?: AllowanceViews;
  /** Told when endpoints come, go, or change their interval. */
  schedule: Pick<SyncSchedule, "refresh">;
  /** Files that are made in the background. */
  exports: Pick<ExportRuns, "begin" | "remove" | "openFile">;
  /** Answered from the snapshot, so that it works without the database. */
  authenticate(token: string): AuthenticatedToken;
  system(): SystemState;
  /** Default: unknown. */
  healthOf?: HealthLookup;
  /** Answered by the data plane, from what it knows. Null while it knows nothing; throws HeadgateError invalid_field. */
  explain(question: ExplainQuestion): Explanation | null | Promise<Explanation | null>;
  /** The models that a user may use now, as the data plane knows them. Null while it knows nothing of the user. */
  usableModels(userId: string): readonly UsableModel[] | null;
  /** Default: there is none, and whoever calls it is told to wait. */
  playground?: Playground;
  /** Tells open pages of changes. Default: one of its own. */
  events?: EventHub;
  /** Where a request comes from, behind proxies that are trusted. */
  addressOf(request: IncomingMessage): string;
  /** Whether the browser speaks TLS, to us or to a proxy that is trusted. */
  isSecure(request: IncomingMessage): boolean;
  clock: Clock;
  log: Logger;
  /** Where people and callers reach Headgate, no trailing slash; null: as requests say. */
  publicUrl: string | null;
  /** Default: with a password alone. */
  signIn?: SignInWays;
}

/** How people sign in beside a password, and how failed tries are held back. */
export interface SignInWays {
  /** Those with a client id; its place in the list is part of a provider's redirect URI. */
  oidc: readonly OidcConfig[];
  client: Pick<HttpClient, "ask">;
  /** Whether some proxy is trusted to say who somebody is. */
  hasProxy: boolean;
  /** Whom a proxy that is trusted announces; null: nobody. */
  announced(request: IncomingMessage): ProvenIdentity | null;
  /** What tries from an address are counted by. */
  throttleKey(address: string): string;
}

const passwordAlone: SignInWays = {
  oidc: [],
  client: { ask: () => Promise.reject(new Error("no client")) },
  hasProxy: false,
  announced: () => null,
  throttleKey: (address) => address,
};

export interface AdminContext extends AdminDeps {
  healthOf: HealthLookup;
  prices: PriceBook;
  allowances: AllowanceViews;
  events: EventHub;
  signIn: SignInWays;
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
    policy?: Action | "self" | "public";
  }
  interface FastifyRequest {
    /** Who asks; null on public routes. */
    actor: Actor | null;
    /** How far the policy of the route reaches for them. */
    reach: Reach;
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
    prices: deps.prices ?? new PriceBook(deps),
    allowances: deps.allowances ?? new MemoryAuthority(),
    events: deps.events ?? new EventHub({ clock: deps.clock }),
    signIn: deps.signIn ?? passwordAlone,
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
