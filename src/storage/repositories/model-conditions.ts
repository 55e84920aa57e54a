// What models are listed by beside their own columns: the endpoints that serve them, and how their deployments are.
import { type RawBuilder, sql } from "kysely";
import type { ModelFilter } from "../ports/models.ts";

/** Models with a target on the endpoint of this name. */
export function isServedBy(endpoint: string) {
  return sql<boolean>`models.id in ${modelsWith(sql`endpoint_id = (select id from endpoints where name = ${endpoint})`)}`;
}

/** As control/admin/models/present.ts makes the status of a model from its targets. */
export function hasStatus(status: NonNullable<ModelFilter["status"]>) {
  const active = sql<boolean>`(models.disabled_at is null and models.id in ${modelsWith(sql`status = 'active'`)})`;
  const allDisabled = sql`models.id in ${modelsWith(sql`status = 'disabled'`)}
    and models.id not in ${modelsWith(sql`status <> 'disabled'`)}`;
  const disabled = sql<boolean>`(models.disabled_at is not null or (${allDisabled}))`;
  if (status === "active") return active;
  return status === "disabled" ? disabled : sql<boolean>`(not ${active} and not ${disabled})`;
}

/** Ids of the models that have a target of which `condition` holds. */
function modelsWith(condition: RawBuilder<unknown>) {
  return sql`(
    select deployments.model_id from deployments
    where deployments.removed_at is null and deployments.model_id is not null and ${condition}
    union all
    select model_targets.model_id from model_targets
    where model_targets.model_id in (select id from models where kind = 'virtual')
    and model_targets.deployment_id in (select id from deployments where removed_at is null and ${condition}))`;
}
