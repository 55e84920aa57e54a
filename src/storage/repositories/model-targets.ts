// What a model says about single deployments: a virtual model's targets, a pool's weights and priorities.
import type { Kysely } from "kysely";
import type { ModelTargetRepository } from "../ports/models.ts";
import type { Database } from "../schema/database.ts";

export function modelTargetRepository(db: Kysely<Database>): ModelTargetRepository {
  return {
    async all() {
      return db.selectFrom("model_targets").selectAll().orderBy("model_id").orderBy("position").execute();
    },
    async ofModels(modelIds) {
      if (modelIds.length === 0) return [];
      return db
        .selectFrom("model_targets")
        .selectAll()
        .where("model_id", "in", modelIds)
        .orderBy("model_id")
        .orderBy("position")
        .execute();
    },
    async ofEndpoint(endpointId) {
      return db
        .selectFrom("model_targets")
        .selectAll()
        .where("deployment_id", "in", (query) =>
          query.selectFrom("deployments").select("deployments.id").where("deployments.endpoint_id", "=", endpointId),
        )
        .orderBy("model_id")
        .orderBy("position")
        .execute();
    },
    async replace(modelId, targets) {
      await db.deleteFrom("model_targets").where("model_id", "=", modelId).execute();
      if (targets.length === 0) return;
      const rows = targets.map((target, position) => ({ ...target, model_id: modelId, position }));
      await db.insertInto("model_targets").values(rows).execute();
    },
    async remove(deploymentId, modelId) {
      let query = db.deleteFrom("model_targets").where("deployment_id", "=", deploymentId);
      if (modelId !== undefined) query = query.where("model_id", "=", modelId);
      await query.execute();
    },
  };
}
