// The first tables: configuration, discovery's history, keys, the ledger and its hourly roll-ups.
import { type CreateTableBuilder, type Kysely, sql } from "kysely";
import type { MigrationContext } from "./migration.ts";

type Table = CreateTableBuilder<string, string>;

/** See schema.ts for what the columns mean. `bigint` is SQLite's INTEGER too. */
export async function initial(db: Kysely<unknown>, { engine, nowMs }: MigrationContext): Promise<void> {
  // Names and ids sort by bytes in both engines, whatever the locale of the PostgreSQL database (and its next upgrade).
  const text = engine === "postgres" ? sql`text collate "C"` : sql`text`;

  const create = (name: string, columns: Record<string, "id" | "text" | "text?" | "int" | "int?" | "zero">): Table => {
    let table: Table = db.schema.createTable(name);
    for (const [column, kind] of Object.entries(columns)) {
      const type = kind === "id" || kind.startsWith("text") ? text : sql`bigint`;
      table = table.addColumn(column, type, (build) => {
        if (kind === "id") return build.primaryKey().notNull();
        if (kind === "zero") return build.notNull().defaultTo(0);
        return kind.endsWith("?") ? build : build.notNull();
      });
    }
    return table;
  };
  const index = (name: string, table: string, columns: string[]) => db.schema.createIndex(name).on(table).columns(columns);
  const resource = { created_at: "int", updated_at: "int", version: "int" } as const;

  await create("meta", { key: "id", value: "text" }).execute();
  await create("groups", { id: "id", name: "text", models: "text", ...resource }).execute();
  await index("group_name", "groups", ["name"]).unique().execute();

  await create("endpoints", {
    id: "id",
    name: "text",
    description: "text?",
    url: "text",
    base_url: "text?",
    dialect: "text",
    api_key_ciphertext: "text?",
    auth_header_name: "text?",
    auth_header_prefix: "text?",
    headers: "text",
    query: "text",
    models: "text",
    aliases: "text",
    sync_interval_ms: "int",
    timeouts: "text",
    weight: "int",
    origin: "text",
    guard_signature: "text?",
    guard_count: "zero",
    ...resource,
  }).execute();
  await index("endpoint_name", "endpoints", ["name"]).unique().execute();

  await create("models", { id: "id", name: "text", kind: "text", ...resource }).execute();
  await index("model_name", "models", ["name"]).unique().execute();

  await create("deployments", {
    id: "id",
    endpoint_id: "text",
    model_id: "text?",
    upstream_model: "text",
    source: "text",
    status: "text",
    reason: "text?",
    since: "int",
    removed_at: "int?",
    created_at: "int",
    updated_at: "int",
  })
    .addForeignKeyConstraint("deployment_endpoint", ["endpoint_id"], "endpoints", ["id"], (key) => key.onDelete("cascade"))
    .addForeignKeyConstraint("deployment_model_fk", ["model_id"], "models", ["id"])
    .execute();
  // Over removed rows too: one that is added again is the same row, revived.
  await index("deployment_upstream_model", "deployments", ["endpoint_id", "upstream_model"]).unique().execute();
  await sql`create unique index deployment_model on deployments (endpoint_id, model_id) where removed_at is null`.execute(db);
  await index("deployment_by_model", "deployments", ["model_id"]).execute();

  await create("sync_runs", {
    id: "id",
    endpoint_id: "text",
    trigger: "text",
    status: "text",
    stage: "text",
    error: "text?",
    counts: "text",
    models: "text",
    started_at: "int",
    finished_at: "int",
  })
    .addForeignKeyConstraint("sync_run_endpoint", ["endpoint_id"], "endpoints", ["id"], (key) => key.onDelete("cascade"))
    .execute();
  await index("sync_run_by_endpoint", "sync_runs", ["endpoint_id", "started_at", "id"]).execute();
  await index("sync_run_by_time", "sync_runs", ["started_at"]).execute();

  await create("keys", {
    id: "id",
    name: "text",
    prefix: "text",
    digest: "text",
    previous_digest: "text?",
    previous_expires_at: "int?",
    user_id: "text?",
    group_id: "text",
    models: "text?",
    scopes: "text",
    expires_at: "int?",
    origin: "text",
    created_at: "int",
    updated_at: "int",
    deleted_at: "int?",
    version: "int",
  })
    .addForeignKeyConstraint("key_group", ["group_id"], "groups", ["id"])
    .execute();
  await index("key_digest", "keys", ["digest"]).unique().execute();
  await sql`create index key_by_age on keys (created_at, id) where deleted_at is null`.execute(db);

  await createLedger(db, create);

  await sql`insert into meta (key, value) values ('config_version', '0')`.execute(db);
  await sql`insert into groups (id, name, models, created_at, updated_at, version)
    values ('grp_everyone', 'everyone', '["*"]', ${nowMs}, ${nowMs}, 1)`.execute(db);
}

type Create = (name: string, columns: Record<string, "id" | "text" | "text?" | "int" | "int?" | "zero">) => Table;

/** No foreign keys here: the ledger outlives what it names. */
async function createLedger(db: Kysely<unknown>, create: Create): Promise<void> {
  await create("attempts", {
    started_at: "int",
    id: "text",
    request_id: "text",
    attempt_no: "int",
    process_id: "text",
    request_started_at: "int",
    state: "text",
    key_id: "text?",
    user_id: "text?",
    group_id: "text",
    model: "text",
    endpoint_id: "text",
    endpoint: "text",
    deployment_id: "text?",
    upstream_model: "text",
    dialect: "text",
    method: "text",
    path: "text",
    stream: "int",
    why: "text",
    settled_at: "int?",
    status: "int?",
    error: "text?",
    final: "int",
    ttft_ms: "int?",
    duration_ms: "int?",
    input_tokens: "zero",
    cached_input_tokens: "zero",
    cache_write_tokens: "zero",
    output_tokens: "zero",
    reasoning_tokens: "zero",
    usage_source: "text",
    cost_nano_usd: "int?",
    price_version: "text?",
  })
    .addPrimaryKeyConstraint("attempt_id", ["started_at", "id"])
    .execute();
  await db.schema.createIndex("attempt_by_request").on("attempts").columns(["request_id"]).execute();
  await sql`create index attempt_unsettled on attempts (process_id) where state = 'started'`.execute(db);
  // For GET /requests filtered by one of these; unfiltered it walks the primary key backwards.
  await sql`create index attempt_by_key on attempts (key_id, started_at, id) where final = 1`.execute(db);
  await sql`create index attempt_by_model on attempts (model, started_at, id) where final = 1`.execute(db);
  await sql`create index attempt_by_endpoint on attempts (endpoint, started_at, id) where final = 1`.execute(db);

  await create("usage_hourly", {
    hour: "int",
    dims: "text",
    model: "text",
    endpoint_id: "text",
    endpoint: "text",
    key_id: "text",
    user_id: "text",
    group_id: "text",
    requests: "zero",
    attempts: "zero",
    errors: "zero",
    input_tokens: "zero",
    cached_input_tokens: "zero",
    cache_write_tokens: "zero",
    output_tokens: "zero",
    reasoning_tokens: "zero",
    cost_nano_usd: "zero",
    estimated_requests: "zero",
    unpriced_requests: "zero",
    interrupted_requests: "zero",
  })
    .addPrimaryKeyConstraint("usage_hourly_id", ["hour", "dims"])
    .execute();
  await create("usage_latency", { hour: "int", dims: "text", metric: "text", bucket: "int", count: "zero" })
    .addPrimaryKeyConstraint("usage_latency_id", ["hour", "dims", "metric", "bucket"])
    .execute();
}
