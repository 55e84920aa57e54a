// What models cost, and have ever cost.
import type { PricesTable, PriceVersionsTable } from "../schema/prices.ts";

export type PriceRow = PricesTable;
export type PriceVersionRow = PriceVersionsTable;

/** What administrators say that models cost. */
export interface PriceRepository {
  /** By model. */
  all(): Promise<PriceRow[]>;
  get(model: string): Promise<PriceRow | null>;
  /** Makes it, or changes the one that there is, which keeps its id. Returns the row as it is then. */
  set(row: Pick<PriceRow, "id" | "model" | "components">, nowMs: number): Promise<PriceRow>;
  /** False: there was none. */
  delete(model: string): Promise<boolean>;
}

/** Every price that was ever in use. */
export interface PriceVersionRepository {
  /** Those that are there already stay as they are. */
  insertMissing(rows: readonly PriceVersionRow[]): Promise<void>;
  /** In no order; unknown ones are missing. */
  ofVersions(versions: readonly string[]): Promise<PriceVersionRow[]>;
}
