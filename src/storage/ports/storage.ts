// What the control plane asks of storage. Two engines implement it; one contract suite (storage.contract.ts) holds both to it.
import type { OneTimeLinkRepository, SessionRepository } from "./accounts.ts";
import type { AuditRepository } from "./audit.ts";
import type { DeletedEndpointRepository, EndpointRepository, SyncRunRepository } from "./endpoints.ts";
import type { ExportRepository } from "./exports.ts";
import type { KeyRepository } from "./keys.ts";
import type { AdjustmentRepository, LedgerRepository } from "./ledger.ts";
import type { LimitHolderRepository } from "./limit-holders.ts";
import type { ManifestRepository } from "./manifests.ts";
import type { MetaRepository } from "./meta.ts";
import type { DeploymentRepository, ModelRepository, ModelTargetRepository } from "./models.ts";
import type { GroupRepository, UserRepository } from "./people.ts";
import type { PriceRepository, PriceVersionRepository } from "./prices.ts";
import type { Notifications, ReplicaRepository, WorkLeaseRepository } from "./replicas.ts";
import type { RequestBodyRepository } from "./request-bodies.ts";
import type { ResponseRepository } from "./responses.ts";
import type { OverviewRepository } from "./usage.ts";

export interface Repositories {
  meta: MetaRepository;
  users: UserRepository;
  groups: GroupRepository;
  manifests: ManifestRepository;
  sessions: SessionRepository;
  oneTimeLinks: OneTimeLinkRepository;
  audit: AuditRepository;
  endpoints: EndpointRepository;
  deletedEndpoints: DeletedEndpointRepository;
  models: ModelRepository;
  modelTargets: ModelTargetRepository;
  deployments: DeploymentRepository;
  syncRuns: SyncRunRepository;
  keys: KeyRepository;
  limitHolders: LimitHolderRepository;
  ledger: LedgerRepository;
  adjustments: AdjustmentRepository;
  overview: OverviewRepository;
  responses: ResponseRepository;
  requestBodies: RequestBodyRepository;
  exports: ExportRepository;
  prices: PriceRepository;
  priceVersions: PriceVersionRepository;
  workLeases: WorkLeaseRepository;
  replicas: ReplicaRepository;
}

export type Engine = "sqlite" | "postgres";

export interface Storage extends Repositories {
  readonly engine: Engine;
  readonly notifications: Notifications;
  /** Runs `work` in one transaction; any throw rolls it back. Serialised against other writers on SQLite. */
  transaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /** Applies migrations, each in a transaction, under a lock; throws when the database is newer than the program. */
  migrate(): Promise<void>;
  /** Names of the migrations that `migrate` would apply; throws when the database is newer than the program. Changes nothing. */
  pendingMigrations(): Promise<string[]>;
  /** A consistent copy of the database at `path` while it is in use; SQLite only. */
  backup(path: string): Promise<void>;
  /** Resolves when a trivial query succeeds; throws StorageUnavailable otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
