// `headgate admin create-token`: a new administrator's key, straight into the database; a running server sees it within a second or two.
import { createAdminToken as createToken } from "../control/seed.ts";
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
  const key = await withStorage(loaded, async (storage) => {
    await storage.migrate();
    return storage.transaction(async (repositories) => {
      const made = await createToken(repositories, name, "cli", Date.now());
      await repositories.meta.bumpConfigVersion();
      return made;
    });
  });
  io.note(`Administrator token "${name}". It is shown this once; Headgate keeps only a digest of it.`);
  io.print(key);
}
