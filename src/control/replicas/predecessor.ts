// The process that used this data directory before: it is over, whatever the database says of it, since the directory is locked.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const fileName = "process-id";

/** Its id, or null; the file then says `processId`. A folder that can't be written costs a few seconds at the next start, no more. */
export async function succeed(dataDir: string, processId: string): Promise<string | null> {
  const path = join(dataDir, fileName);
  const before = await readFile(path, "utf8").then(
    (text) => text.trim(),
    () => "",
  );
  await writeFile(path, `${processId}\n`, { mode: 0o600 }).catch(() => undefined);
  return before === "" || before === processId ? null : before;
}
