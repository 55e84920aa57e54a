// Types of postgres.mjs for the tests, which are TypeScript.

export interface PostgresServer {
  /** Of the database `postgres`, as its superuser. */
  url: string;
  port: number;
  dataDir: string;
  /** `fast`: as an administrator would; `immediate`: as a crash would. */
  stop(mode?: "fast" | "immediate"): Promise<void>;
  /** Starts it again after `stop`: same data, same URL. */
  start(): Promise<void>;
  destroy(): Promise<void>;
}

export function findPostgres(): string | null;
export function installPostgres(options?: { log?: (text: string) => void }): Promise<string>;
export function startPostgres(options?: { log?: (text: string) => void }): Promise<PostgresServer>;
