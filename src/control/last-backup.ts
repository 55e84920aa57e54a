// The last run of `headgate backup`, written down by the command where the running Headgate sees it: in the database itself.
import { z } from "zod";
import type { MetaRepository } from "../storage/ports/meta.ts";

const key = "last_backup";

const lastBackup = z.object({
  atMs: z.number(),
  /** Absolute. */
  file: z.string(),
  /** 0 for a failed one. */
  bytes: z.number(),
  durationMs: z.number(),
  /** Null: it went well. */
  error: z.string().nullable(),
});

export type LastBackup = z.output<typeof lastBackup>;

export async function recordBackup(meta: MetaRepository, run: LastBackup): Promise<void> {
  await meta.set(key, JSON.stringify(run));
}

/** Null: there was none yet. */
export async function readLastBackup(meta: MetaRepository): Promise<LastBackup | null> {
  const text = await meta.get(key);
  return text === null ? null : lastBackup.parse(JSON.parse(text));
}
