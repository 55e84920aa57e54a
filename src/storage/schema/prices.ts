// The tables of what models cost, and have ever cost.

/** What an administrator says that a model costs, whether there is a model of this name or not. */
export interface PricesTable {
  id: string;
  /** The name that callers use. */
  model: string;
  /** JSON, as control/prices/override-price.ts reads it. */
  components: string;
  created_at: number;
  updated_at: number;
  version: number;
}

/** Every price that was ever in use. Rows are added, never changed: those of `attempts` name them. */
export interface PriceVersionsTable {
  version: string;
  /** override | catalogue */
  source: string;
  /** Of the catalogue; null: an override. */
  provider: string | null;
  /** The catalogue's id; of an override, the name that callers use. */
  model: string;
  /** Null: an override. */
  catalogue_version: string | null;
  /** JSON: a domain Price without its version. */
  content: string;
  first_seen_at: number;
}
