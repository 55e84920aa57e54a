// A model's hedge between its column, which holds what was set, and what is meant by it.
import { defaultHedge, type Hedge } from "../domain/pool.ts";

/** The hedge that a column stands for, defaults filled in; null: none. */
export function hedgeOf(column: string | null): Hedge | null {
  return column === null ? null : { ...defaultHedge, ...(JSON.parse(column) as Partial<Hedge>) };
}
