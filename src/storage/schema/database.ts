// The tables, as Kysely sees them: text ids, integer ms, integer money, JSON as text, 0/1 for booleans.
import type { OneTimeLinksTable, SessionsTable } from "./accounts.ts";
import type { AuditTable } from "./audit.ts";
import type { DeletedEndpointsTable, EndpointsTable, SyncRunsTable } from "./endpoints.ts";
import type { ExportPartsTable, ExportsTable } from "./exports.ts";
import type { KeysTable } from "./keys.ts";
import type { AdjustmentsTable, AttemptsTable } from "./ledger.ts";
import type { ManifestsTable } from "./manifests.ts";
import type { ConfigChangesTable, MetaTable } from "./meta.ts";
import type { DeploymentsTable, ModelsTable, ModelTargetsTable } from "./models.ts";
import type { GroupMembersTable, GroupsTable, UsersTable } from "./people.ts";
import type { PricesTable, PriceVersionsTable } from "./prices.ts";
import type { ReplicasTable, WorkLeasesTable } from "./replicas.ts";
import type { RequestBodiesTable } from "./request-bodies.ts";
import type { ResponsesTable } from "./responses.ts";
import type {
  LatencyDailyTable,
  LatencyHourlyTable,
  LatencyPaidTable,
  UsageChangedDaysTable,
  UsageDailyTable,
  UsageHourlyTable,
  UsageLatencyTable,
} from "./usage.ts";

export interface Database {
  meta: MetaTable;
  users: UsersTable;
  groups: GroupsTable;
  group_members: GroupMembersTable;
  manifests: ManifestsTable;
  sessions: SessionsTable;
  one_time_links: OneTimeLinksTable;
  audit: AuditTable;
  endpoints: EndpointsTable;
  models: ModelsTable;
  model_targets: ModelTargetsTable;
  deployments: DeploymentsTable;
  sync_runs: SyncRunsTable;
  keys: KeysTable;
  attempts: AttemptsTable;
  adjustments: AdjustmentsTable;
  usage_hourly: UsageHourlyTable;
  usage_latency: UsageLatencyTable;
  usage_daily: UsageDailyTable;
  latency_daily: LatencyDailyTable;
  latency_paid: LatencyPaidTable;
  usage_changed_days: UsageChangedDaysTable;
  latency_hourly: LatencyHourlyTable;
  responses: ResponsesTable;
  request_bodies: RequestBodiesTable;
  exports: ExportsTable;
  export_parts: ExportPartsTable;
  deleted_endpoints: DeletedEndpointsTable;
  prices: PricesTable;
  price_versions: PriceVersionsTable;
  work_leases: WorkLeasesTable;
  replicas: ReplicasTable;
  config_changes: ConfigChangesTable;
}
