// What the audit log is told of a change to an endpoint.
import type { EndpointRow } from "../../../storage/ports/endpoints.ts";
import type { Repositories } from "../../../storage/ports/storage.ts";
import { type Change, recordChange } from "../../audit/record-change.ts";
import { readEndpoint } from "./read-endpoint.ts";

type What = Pick<Change, "actor" | "requestId" | "action" | "before" | "after" | "nowMs">;

/** To be called in the transaction of the change. */
export function recordEndpoint(repositories: Repositories, { id, name }: EndpointRow, what: What): Promise<void> {
  return recordChange(repositories, { ...what, resource: { kind: "endpoint", id, name } });
}

/** As the admin API shows the endpoint, without its synchronisations. */
export async function auditedEndpoint(repositories: Repositories, row: EndpointRow): Promise<object> {
  const {
    last_sync: _last,
    sync_in_progress: _now,
    ...shown
  } = await readEndpoint(repositories, row, { inProgress: () => null });
  return shown;
}
