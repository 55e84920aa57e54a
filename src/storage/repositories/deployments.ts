// Deployments in the database.
import type { Kysely } from "kysely";
import type { DeploymentRepository } from "../ports/models.ts";
import type { Database } from "../schema/database.ts";

export function deploymentRepository(db: Kysely<Database>): DeploymentRepository {
  return {
    async insert(row) {
      await db.insertInto("deployments").values(row).execute();
    },
    async get(id) {
      return (await db.selectFrom("deployments").selectAll().where("id", "=", id).executeTakeFirst()) ?? null;
    },
    async all() {
      return db
        .selectFrom("deployments")
        .selectAll()
        .where("removed_at", "is", null)
        .orderBy("endpoint_id")
        .orderBy("upstream_model")
        .execute();
    },
    async ofEndpoint(endpointId) {
      return db.selectFrom("deployments").selectAll().where("endpoint_id", "=", endpointId).orderBy("upstream_model").execute();
    },
    async ofModels(modelIds) {
      if (modelIds.length === 0) return [];
      return db
        .selectFrom("deployments")
        .selectAll()
        .where("model_id", "in", modelIds)
        .where("removed_at", "is", null)
        .orderBy("endpoint_id")
        .orderBy("upstream_model")
        .execute();
    },
    async targetsOf(modelIds) {
      if (modelIds.length === 0) return [];
      return db
        .selectFrom("deployments")
        .selectAll()
        .where("id", "in", (query) =>
          query.selectFrom("model_targets").select("model_targets.deployment_id").where("model_targets.model_id", "in", modelIds),
        )
        .where("removed_at", "is", null)
        .orderBy("endpoint_id")
        .orderBy("upstream_model")
        .execute();
    },
    async update(id, changes) {
      await db.updateTable("deployments").set(changes).where("id", "=", id).execute();
    },
    async delete(id) {
      await db.deleteFrom("deployments").where("id", "=", id).execute();
    },
  };
}
