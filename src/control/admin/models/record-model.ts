// What the audit log is told of a change to a model.
import { isDeepStrictEqual } from "node:util";
import type { ModelBody } from "../../../api/models.ts";
import type { ModelRow } from "../../../storage/ports/models.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { type Change, recordChange } from "../../audit/record-change.ts";
import { unknownHealth } from "../context.ts";
import { readModel } from "./read-model.ts";

type What = Pick<Change, "actor" | "requestId" | "action" | "nowMs"> & { before: object | null; after: object | null };

/** To be called in the transaction of the change. A patch that changes nothing is not recorded. */
export async function recordModel(repositories: Repositories, { id, name }: ModelRow, what: What): Promise<void> {
  if (isDeepStrictEqual(what.before, what.after)) return;
  await recordChange(repositories, { ...what, resource: { kind: "model", id, name } });
}

/** As the admin API shows the model, without the health of its deployments, which nobody changes. */
export async function auditedModel(repositories: Repositories, row: ModelRow): Promise<object> {
  const model: ModelBody = await readModel(repositories, row, unknownHealth);
  return { ...model, deployments: model.deployments.map(({ health: _health, ...configured }) => configured) };
}
