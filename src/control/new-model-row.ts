// The row of a model that is being made, with nothing set.
import { newId } from "../core/ids.ts";
import type { ModelRow } from "../storage/ports/models.ts";

export function newModelRow(name: string, kind: "pool" | "virtual", nowMs: number): ModelRow {
  return {
    id: newId("mdl"),
    name,
    kind,
    strategy: null,
    max_attempts: null,
    hedge: null,
    timeouts: "{}",
    disabled_at: null,
    groups: null,
    limits: null,
    created_at: nowMs,
    updated_at: nowMs,
    version: 1,
  };
}
