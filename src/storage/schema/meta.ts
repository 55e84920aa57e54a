// The tables of single values, and of what the last versions of the configuration changed.

export interface MetaTable {
  key: string;
  value: string;
}

/** What the last versions of the configuration changed. */
export interface ConfigChangesTable {
  version: number;
  /** JSON, as domain/config-change.ts says. */
  what: string;
}
