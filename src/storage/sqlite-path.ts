// Where the database of a data directory is.
import { join } from "node:path";

export function sqlitePath(dataDir: string): string {
  return join(dataDir, "headgate.db");
}
