// What the control plane asks of storage. Two engines implement it; one contract suite (storage.contract.ts) holds both to it.
import type { LedgerRecord } from "../domain/ledger-record.ts";
import type {
  AttemptsTable,
  AuditTable,
  DeletedEndpointsTable,
  DeploymentsTable,
  EndpointsTable,
  ExportsTable,
  GroupMembersTable,
  GroupsTable,
  KeysTable,
  ManifestsTable,
  ModelsTable,
  ModelTargetsTable,
  OneTimeLinksTable,
  RequestBodiesTable,
  ResponsesTable,
  SessionsTable,
  SyncRunsTable,
  UsersTable,
} from "./schema.ts";

export type EndpointRow = EndpointsTable;
export type DeletedEndpointRow = DeletedEndpointsTable;
export type ModelRow = ModelsTable;
export type ModelTargetRow = ModelTargetsTable;
export type DeploymentRow = DeploymentsTable;
export type SyncRunRow = SyncRunsTable;
export type KeyRow = KeysTable;
export type UserRow = UsersTable;
export type GroupRow = GroupsTable;
export type GroupMemberRow = GroupMembersTable;
export type ManifestRow = ManifestsTable;
export type SessionRow = SessionsTable;
export type OneTimeLinkRow = OneTimeLinksTable;
export type AuditRow = AuditTable;
export type ExportRow = ExportsTable;
export type AttemptRow = AttemptsTable;
export type ResponseRow = ResponsesTable;
export type RequestBodyRow = RequestBodiesTable;

/**
 * The unique constraint that a write ran into: `endpoint_name`, `model_name`, `deployment_upstream_model`, `deployment_model`,
 * `key_digest`, `user_subject`, `user_email`, `group_name`, `group_external_id`, `manifest_name`, `endpoint_manifest_entry`. An id that is taken is
 * reported as what such ids are computed from: `user_subject`, `group_external_id`, `endpoint_manifest_entry`, `deployment_upstream_model`.
 */
export class UniqueViolation extends Error {
  readonly constraint: string;
  constructor(constraint: string, cause: unknown) {
    super(`unique constraint ${constraint}`, { cause });
    this.name = "UniqueViolation";
    this.constraint = constraint;
  }
}

/** The database can't be reached, is locked, or timed out: try again later. Everything else is a bug and stays what it is. */
export class StorageUnavailable extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StorageUnavailable";
  }
}

/** A page of rows, newest or name first as the method says; `nextCursor` opens the next one. */
export interface Page<Row> {
  rows: Row[];
  nextCursor: string | null;
}

export interface PageRequest {
  limit: number;
  /** An opaque cursor from an earlier page. An unreadable one throws HeadgateError invalid_field on `cursor`. */
  cursor?: string | undefined;
}

/**
 * Whose things are asked for: those of the user, and with `groupIds` also those of all who are in one of these groups, and what the
 * groups pay for.
 */
export interface OwnedBy {
  userId: string;
  groupIds: readonly string[];
}

/**
 * What lists are narrowed by; all that is given holds of each row. `search`: text that the name contains, or one of the columns said,
 * in upper or lower case of any script (repositories/contains-text.ts).
 */
export interface KeyFilter {
  ownedBy?: OwnedBy | undefined;
  /** In the name or the prefix. */
  search?: string | undefined;
  userId?: string | undefined;
  /** The group that pays. */
  groupId?: string | undefined;
}

export interface UserFilter {
  ownedBy?: OwnedBy | undefined;
  /** In the name, the address, or the name at the provider. */
  search?: string | undefined;
  role?: string | undefined;
  /** A group that the user is in. */
  groupId?: string | undefined;
}

export interface ModelFilter {
  /** Of these alone. */
  names?: readonly string[] | undefined;
  search?: string | undefined;
  /** Name of an endpoint that one of its targets is on. */
  endpoint?: string | undefined;
  /** As the admin API shows it. */
  status?: "active" | "offline" | "disabled" | undefined;
  kind?: "pool" | "virtual" | undefined;
}

export interface EndpointRepository {
  insert(row: EndpointRow): Promise<void>;
  get(id: string): Promise<EndpointRow | null>;
  getByName(name: string): Promise<EndpointRow | null>;
  /** All endpoints by name. */
  all(): Promise<EndpointRow[]>;
  /** Those that a manifest declares, by name. */
  ofManifest(manifestId: string): Promise<EndpointRow[]>;
  /** By name. */
  page(request: PageRequest, filter?: { search?: string | undefined }): Promise<Page<EndpointRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<EndpointRow>, ifVersion?: number): Promise<boolean>;
  /** Sets the columns discovery keeps about an endpoint, without touching `version` or `updated_at`. */
  updateDiscovery(id: string, changes: Pick<EndpointRow, "base_url" | "guard_signature" | "guard_count">): Promise<void>;
  /** Deletes the endpoint with its deployments and sync runs; the ledger keeps its rows. */
  delete(id: string): Promise<boolean>;
}

export interface ModelRepository {
  insert(row: ModelRow): Promise<void>;
  get(id: string): Promise<ModelRow | null>;
  getByName(name: string): Promise<ModelRow | null>;
  all(): Promise<ModelRow[]>;
  /** By name. */
  page(request: PageRequest, filter?: ModelFilter): Promise<Page<ModelRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<ModelRow>, ifVersion?: number): Promise<boolean>;
  /** Deletes the model with its targets; the deployments of a pool must have let go of it before. */
  delete(id: string): Promise<boolean>;
  /**
   * Deletes pool models that no deployment belongs to any more. One that is restricted to groups or limited stays: were it gone, it would be
   * open to everybody when it comes back.
   */
  deleteUnused(): Promise<void>;
}

export interface ModelTargetRepository {
  /** Of all models, by model and position. */
  all(): Promise<ModelTargetRow[]>;
  /** Of these models, by model and position. */
  ofModels(modelIds: readonly string[]): Promise<ModelTargetRow[]>;
  /** Those on the deployments of this endpoint, by model and position. */
  ofEndpoint(endpointId: string): Promise<ModelTargetRow[]>;
  /** Makes `targets` all that the model has, in their order. */
  replace(modelId: string, targets: readonly Pick<ModelTargetRow, "deployment_id" | "weight" | "priority">[]): Promise<void>;
  /** Takes a deployment out of every model, or out of the given one. */
  remove(deploymentId: string, modelId?: string): Promise<void>;
}

export interface DeploymentRepository {
  insert(row: DeploymentRow): Promise<void>;
  get(id: string): Promise<DeploymentRow | null>;
  /** All that are not removed. */
  all(): Promise<DeploymentRow[]>;
  /** Of one endpoint, removed ones included, by upstream model. */
  ofEndpoint(endpointId: string): Promise<DeploymentRow[]>;
  /** Of these models, not removed, by endpoint and upstream model. */
  ofModels(modelIds: readonly string[]): Promise<DeploymentRow[]>;
  /** Those that model_targets names for these models, not removed, each once, by endpoint and upstream model. */
  targetsOf(modelIds: readonly string[]): Promise<DeploymentRow[]>;
  update(id: string, changes: Partial<DeploymentRow>): Promise<void>;
  delete(id: string): Promise<void>;
}

export interface SyncRunRepository {
  insert(row: SyncRunRow): Promise<void>;
  /** Newest first. */
  pageOfEndpoint(endpointId: string, request: PageRequest): Promise<Page<SyncRunRow>>;
  /** The newest run of each endpoint that has one. */
  latest(endpointIds: readonly string[]): Promise<Map<string, SyncRunRow>>;
  deleteBefore(timeMs: number): Promise<number>;
}

/** What went with endpoints that were deleted, for a time. */
export interface DeletedEndpointRepository {
  /** Beyond `countMax` those that were deleted first go. */
  keep(row: DeletedEndpointRow, countMax: number): Promise<void>;
  /** Newest first, without those that have expired, and without what they hold. */
  current(nowMs: number): Promise<Omit<DeletedEndpointRow, "content">[]>;
  /** Of all, expired ones too. */
  ids(): Promise<string[]>;
  /** Expired ones too. */
  get(id: string): Promise<DeletedEndpointRow | null>;
  replaceContent(id: string, content: string): Promise<void>;
  /** Takes it away and returns it; null: there is none, or it has expired. Of two callers at once only one gets it. */
  take(id: string, nowMs: number): Promise<DeletedEndpointRow | null>;
  deleteExpired(nowMs: number): Promise<number>;
}

export interface KeyRepository {
  insert(row: KeyRow): Promise<void>;
  /** Deleted keys are null here. */
  get(id: string): Promise<KeyRow | null>;
  /** All that are not deleted. */
  all(): Promise<KeyRow[]>;
  /** Not deleted, newest first. */
  page(request: PageRequest, filter?: KeyFilter): Promise<Page<KeyRow>>;
  update(id: string, changes: Partial<KeyRow>, ifVersion?: number): Promise<boolean>;
  /** Names by id, deleted keys included. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
  /** Not deleted, of one user, oldest first. */
  ofUser(userId: string): Promise<KeyRow[]>;
  /** Not deleted, paid by one group, oldest first. */
  paidByGroup(groupId: string): Promise<KeyRow[]>;
  /** How many keys, not deleted, each of these groups pays; one that pays none may be missing. */
  countsOfGroups(groupIds: readonly string[]): Promise<Map<string, number>>;
}

export interface UserRepository {
  insert(row: UserRow): Promise<void>;
  get(id: string): Promise<UserRow | null>;
  all(): Promise<UserRow[]>;
  /** The local account with this address, however it is written. */
  getByEmail(email: string): Promise<UserRow | null>;
  /** Users with this address, however it is written and whoever says that it is theirs; disabled ones are left out. At most `limit`. */
  withEmail(email: string, limit: number): Promise<UserRow[]>;
  /** Users of a role that may sign in. */
  countOfRole(role: string): Promise<number>;
  /** By name and id. */
  page(request: PageRequest, filter?: UserFilter): Promise<Page<UserRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<UserRow>, ifVersion?: number): Promise<boolean>;
  /** Sets when the user was last seen, and touches nothing else. */
  setLastSeen(id: string, timeMs: number): Promise<void>;
  /** Deletes the user with its memberships. */
  delete(id: string): Promise<boolean>;
  /** Names by id, of those that there are. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
}

export interface GroupRepository {
  insert(row: GroupRow): Promise<void>;
  get(id: string): Promise<GroupRow | null>;
  getByName(name: string): Promise<GroupRow | null>;
  /** By name. */
  all(): Promise<GroupRow[]>;
  /** By name; with `ids`, of those alone. */
  page(
    request: PageRequest,
    filter?: { ids?: readonly string[] | undefined; search?: string | undefined },
  ): Promise<Page<GroupRow>>;
  /** Sets the given columns. With `ifVersion`, only when the row still has that version. False: no such row or version. Adds 1 to `version`. */
  update(id: string, changes: Partial<GroupRow>, ifVersion?: number): Promise<boolean>;
  /**
   * Deletes the group with its memberships; users whose primary group it was have none then, keys that are deleted count as paid by
   * everyone. The keys that it pays must be gone or paid by another group before.
   */
  delete(id: string): Promise<boolean>;
  /** Names by id, of those that there are. */
  names(ids: readonly string[]): Promise<Map<string, string>>;
  /** All memberships, by user and group. */
  members(): Promise<GroupMemberRow[]>;
  /** Memberships in one group, by user. */
  membersOf(groupId: string): Promise<GroupMemberRow[]>;
  /** Memberships of one user, by group. */
  groupsOf(userId: string): Promise<GroupMemberRow[]>;
  /** Memberships of these users, by user and group. */
  membershipsOf(userIds: readonly string[]): Promise<GroupMemberRow[]>;
  /** Memberships in one group, by user and source; with `userId`, those of that user alone. */
  pageOfMembers(groupId: string, request: PageRequest, userId?: string): Promise<Page<GroupMemberRow>>;
  /** How many users are in each of these groups; one that nobody is in may be missing. */
  memberCounts(groupIds: readonly string[]): Promise<Map<string, number>>;
  /** Does nothing when there is that membership already. */
  addMember(row: GroupMemberRow): Promise<void>;
  /** False: there was none. */
  removeMember(groupId: string, userId: string, source: string): Promise<boolean>;
  /**
   * Makes `groupIds`, all of which must exist, all that `source` says about the user, leaving what other sources say. Concurrent calls for one
   * user follow one another. Says whether the user came into a group, and whether out of one.
   */
  replaceMemberships(
    userId: string,
    source: string,
    groupIds: readonly string[],
    nowMs: number,
  ): Promise<{ hasJoined: boolean; hasLeft: boolean }>;
}

export interface ManifestRepository {
  insert(row: ManifestRow): Promise<void>;
  get(id: string): Promise<ManifestRow | null>;
  getByName(name: string): Promise<ManifestRow | null>;
  /** By name. */
  all(): Promise<ManifestRow[]>;
  /** By name. */
  page(request: PageRequest, filter?: { search?: string | undefined }): Promise<Page<ManifestRow>>;
  /** Sets the given columns; adds 1 to `version`. False: no such row. */
  update(id: string, changes: Partial<ManifestRow>): Promise<boolean>;
  /** Sets what the last fetch said, without touching `version` or `updated_at`. */
  updateFetched(
    id: string,
    changes: Partial<Pick<ManifestRow, "content" | "etag" | "last_modified" | "last_success_at" | "last_error">>,
  ): Promise<void>;
  delete(id: string): Promise<boolean>;
}

export interface SessionRepository {
  insert(row: SessionRow): Promise<void>;
  /** With its user, when neither the session has expired nor the user is disabled. */
  findByDigest(digest: string, nowMs: number): Promise<{ session: SessionRow; user: UserRow } | null>;
  /** Newest first; of all users, or of one. Expired ones are left out. */
  page(filter: { userId?: string | undefined; nowMs: number }, request: PageRequest): Promise<Page<SessionRow>>;
  get(id: string): Promise<SessionRow | null>;
  /** With when it ends now. */
  setLastSeen(id: string, timeMs: number, expiresAtMs: number): Promise<void>;
  delete(id: string): Promise<boolean>;
  /** All of a user, but for one. Returns how many. */
  deleteOfUser(userId: string, exceptId?: string): Promise<number>;
  /** Deletes those of a user that began before the `count` newest. Returns how many. */
  keepNewest(userId: string, count: number): Promise<number>;
  deleteExpired(nowMs: number): Promise<number>;
}

export interface OneTimeLinkRepository {
  insert(row: OneTimeLinkRow): Promise<void>;
  /** Leaves it there; null: there is none, or it has expired. */
  find(digest: string, purpose: string, nowMs: number): Promise<OneTimeLinkRow | null>;
  /** Takes the link away and returns it; null: there is none, or it has expired. Of two callers at once only one gets it. */
  take(digest: string, purpose: string, nowMs: number): Promise<OneTimeLinkRow | null>;
  /** Removes those of a purpose, for a user (null: for none in particular). */
  deleteOf(purpose: string, userId: string | null): Promise<void>;
  deleteExpired(nowMs: number): Promise<number>;
}

export interface AuditFilter {
  actorId?: string | undefined;
  /** `key.rotate`, or `key` for all that is done to keys. */
  action?: string | undefined;
  resourceId?: string | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
}

export interface AuditRepository {
  insert(row: AuditRow): Promise<void>;
  /** Newest first. */
  page(filter: AuditFilter, request: PageRequest): Promise<Page<AuditRow>>;
  /** When the oldest entry was made; null: there is none. */
  oldestMs(): Promise<number | null>;
  deleteBefore(timeMs: number): Promise<number>;
}

export interface ExportRepository {
  insert(row: ExportRow): Promise<void>;
  get(id: string): Promise<ExportRow | null>;
  /** Newest first, without those that have expired; of all, or of one user. */
  page(filter: { userId?: string | undefined; nowMs: number }, request: PageRequest): Promise<Page<ExportRow>>;
  /** Of one user, or with null of the installation; oldest first, expired ones too. */
  ofUser(userId: string | null): Promise<ExportRow[]>;
  /** Oldest first, expired ones too. */
  all(): Promise<ExportRow[]>;
  /** Only one that waits or runs; false: it is not there, or has finished. */
  update(id: string, changes: Partial<ExportRow>): Promise<boolean>;
  delete(id: string): Promise<boolean>;
}

export interface UsageQuery {
  /** Inclusive, exclusive; ms at whole hours. */
  fromMs: number;
  toMs: number;
  groupBy: readonly ("model" | "endpoint" | "key" | "user" | "group")[];
  bucket: "hour" | "day" | null;
  ownedBy?: OwnedBy | undefined;
  /** Only so many rows: those with the most requests, in that order. Undefined: all, by bucket and what they are grouped by. */
  limit?: number | undefined;
  /** Only of these: names of the model and the endpoint, ids of the others. */
  filter?: Partial<Record<"model" | "endpoint" | "key" | "user" | "group", string | undefined>> | undefined;
}

/** Sums of hourly roll-ups. Dimensions that were not asked for are null; `bucketMs` is the start of the hour or UTC day. */
export interface UsageRow {
  bucketMs: number | null;
  model: string | null;
  endpoint: string | null;
  keyId: string | null;
  userId: string | null;
  groupId: string | null;
  requests: number;
  attempts: number;
  errors: number;
  inputTokens: number;
  cachedInputTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
  reasoningTokens: number;
  costNanoUsd: number;
  estimatedRequests: number;
  unpricedRequests: number;
  interruptedRequests: number;
}

export interface RequestFilter {
  model?: string | undefined;
  endpoint?: string | undefined;
  keyId?: string | undefined;
  userId?: string | undefined;
  /** The group that pays. */
  groupId?: string | undefined;
  requestId?: string | undefined;
  /** ok: settled, status < 400, no error. error: everything settled or interrupted that is not ok. */
  outcome?: "ok" | "error" | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
  ownedBy?: OwnedBy | undefined;
}

/** The side of the ledger that is written to. */
export interface LedgerIntake {
  /**
   * Takes records in any order, any number of times, in one transaction: a settled record wins over a started or
   * interrupted row, a started one never replaces anything. Roll-ups change exactly once per attempt, with the row. The ids of
   * answers that providers keep go to `responses`. Returns how many rows of attempts changed.
   */
  ingest(records: Iterable<LedgerRecord>): Promise<number>;
  /** Marks the attempts that `processId` left unsettled as interrupted, in roll-ups too. Returns their number. Tokens stay the started record's estimate of the input. */
  interrupt(processId: string, nowMs: number): Promise<number>;
}

export interface LedgerRepository extends LedgerIntake {
  /** Ids of processes that have unsettled attempts. */
  unsettledProcesses(): Promise<string[]>;
  usage(query: UsageQuery): Promise<UsageRow[]>;
  /** The hours of which there is usage, from the first to the end of the last, ms; null: there is none. */
  usageSpan(): Promise<{ fromMs: number; toMs: number } | null>;
  /**
   * Sums the days that have changed and ended before `nowMs`, so that reports over many days have few rows to add up; until then they
   * add up their hours. Returns how many days.
   */
  sumDays(nowMs: number): Promise<number>;
  /** Bucket counts (core/histogram.ts) of all latencies in the range. */
  latency(query: { fromMs: number; toMs: number; metric: "duration" | "ttft"; model?: string }): Promise<Map<number, number>>;
  /** The last attempt of each request (final = 1), newest first. */
  pageOfRequests(filter: RequestFilter, request: PageRequest): Promise<Page<AttemptRow>>;
  /** When the oldest attempt began; null: there is none. */
  oldestMs(): Promise<number | null>;
  /** When the newest request of each of these keys began; one without any is missing. */
  lastUsed(keyIds: readonly string[]): Promise<Map<string, number>>;
  /** All attempts of these requests, in order. */
  attemptsOf(requestIds: readonly string[]): Promise<AttemptRow[]>;
  deleteBefore(timeMs: number): Promise<number>;
}

export interface OverviewQuery {
  /** Inclusive, exclusive; ms. */
  fromMs: number;
  toMs: number;
  /** Null: all in one, if there is anything. */
  bucket: "minute" | "hour" | "day" | null;
  ownedBy?: OwnedBy | undefined;
}

/** How many took as long as a bucket of core/histogram.ts says, of those that began at `bucketMs` or soon after it. */
export interface LatencyCount {
  bucketMs: number | null;
  metric: "duration" | "ttft";
  bucket: number;
  count: number;
}

export interface OverviewRepository {
  /** From the roll-ups: whole hours, and no minutes. In no order. */
  latency(query: OverviewQuery): Promise<LatencyCount[]>;
  /** What LedgerRepository.usage would say, from the attempts that are still there. By time. */
  attemptUsage(query: OverviewQuery): Promise<UsageRow[]>;
  /** What `latency` would say, from the attempts that are still there. */
  attemptLatency(query: OverviewQuery): Promise<LatencyCount[]>;
}

/** Rows come with the ledger's records (LedgerRepository.ingest): an id stays with whoever made it first. */
export interface ResponseRepository {
  find(id: string): Promise<ResponseRow | null>;
  delete(id: string): Promise<void>;
  deleteBefore(timeMs: number): Promise<number>;
}

/** Bodies of requests, for as long as their key or group says. */
export interface RequestBodyRepository {
  /** Those of a request that has some already stay as they are. */
  insert(rows: readonly RequestBodyRow[]): Promise<void>;
  /** Null: none are kept, or their time is over. */
  get(requestId: string, nowMs: number): Promise<RequestBodyRow | null>;
  /** Those of these requests for which `get` finds something. */
  kept(requestIds: readonly string[], nowMs: number): Promise<Set<string>>;
  /** In order of their ids, those behind `requestId`; expired ones too. */
  after(requestId: string, limit: number): Promise<RequestBodyRow[]>;
  /** Puts other ciphertexts of the same texts in their place. */
  replaceTexts(requestId: string, texts: Pick<RequestBodyRow, "request_body" | "response_body">): Promise<void>;
  /** False: there were none. */
  delete(requestId: string): Promise<boolean>;
  deleteExpired(nowMs: number): Promise<number>;
}

export interface MetaRepository {
  get(key: string): Promise<string | null>;
  set(key: string, value: string): Promise<void>;
  /** The version of the configuration: 0 in a new database. */
  configVersion(): Promise<number>;
  /** Adds 1 to it and returns it; call it once in every transaction that changes what the snapshot shows. */
  bumpConfigVersion(): Promise<number>;
}

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
  ledger: LedgerRepository;
  overview: OverviewRepository;
  responses: ResponseRepository;
  requestBodies: RequestBodyRepository;
  exports: ExportRepository;
}

export type Engine = "sqlite" | "postgres";

export interface Storage extends Repositories {
  readonly engine: Engine;
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
