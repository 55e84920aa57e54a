// Asks for a synchronization, or for what one would do.
import type { SyncRunBody } from "../../../src/api/sync-runs.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";

/** A run that takes longer than this is worth being followed, ms. */
const startedMs = 500;

/** Resolves to the run, also when the provider failed it. `confirm`: what is guarded is meant. */
export async function synchronize(endpointId: string, { confirm = false } = {}): Promise<SyncRunBody> {
  const asked = post<SyncRunBody>(`/endpoints/${endpointId}/synchronize`, undefined, confirm ? { confirm: true } : {});
  // So that the page shows how far it is, which it then follows by itself.
  const timer = setTimeout(() => void queryClient.invalidateQueries({ queryKey: ["endpoints"] }), startedMs);
  try {
    return await asked;
  } finally {
    clearTimeout(timer);
    void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
    void queryClient.invalidateQueries({ queryKey: ["models"] });
  }
}

/** What a synchronization would do now; nothing is changed or recorded. */
export function previewSynchronization(endpointId: string, { confirm = false } = {}): Promise<SyncRunBody> {
  return post<SyncRunBody>(`/endpoints/${endpointId}/synchronize`, undefined, {
    dry_run: true,
    ...(confirm && { confirm: true }),
  });
}
