// `headgate admin create-token`: a new administrator's key, straight into the database; a running server sees it within a second or two.
import { newId } from "../core/ids.ts";
import { digestApiKey, newApiKey } from "../domain/api-key.ts";
import { everyoneGroupId } from "../storage/port.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { loadForCommand, withStorage } from "./open-command-storage.ts";

export interface CreateTokenOptions extends SharedOptions {
  /** What the key is called in lists. */
  name: string;
}

export async function createAdminToken(options: CreateTokenOptions, io: CommandIo): Promise<void> {
  const name = options.name.trim();
  if (name === "" || name.length > 128) throw new CommandFailed("--name must be 1 to 128 characters.");
  const loaded = loadForCommand(options, io);
  const { key, prefix } = newApiKey();
  const nowMs = Date.now();
  await withStorage(loaded, async (storage) => {
    await storage.migrate();
    await storage.transaction(async ({ keys, meta }) => {
      await keys.insert({
        id: newId("key"),
        name,
        prefix,
        digest: digestApiKey(key),
        previous_digest: null,
        previous_expires_at: null,
        user_id: null,
        group_id: everyoneGroupId,
        models: null,
        scopes: JSON.stringify(["admin"]),
        expires_at: null,
        origin: "cli",
        created_at: nowMs,
        updated_at: nowMs,
        deleted_at: null,
        version: 1,
      });
      await meta.bumpConfigVersion();
    });
  });
  io.note(`Administrator token "${name}". It is shown this once; Headgate keeps only a digest of it.`);
  io.print(key);
}
