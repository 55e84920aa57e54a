// `headgate admin reset-password <email>`: a link that sets a new password, for whoever can't get in to have one made.
import { openableUrl } from "../config/openable-url.ts";
import { makePasswordLink } from "../control/accounts/one-time-link.ts";
import { recordChange } from "../control/audit/record-change.ts";
import { HeadgateError } from "../core/errors.ts";
import { CommandFailed, type CommandIo, type SharedOptions } from "./command.ts";
import { hasDatabase, loadForCommand, withStorage } from "./open-command-storage.ts";

export interface ResetPasswordOptions extends SharedOptions {
  email: string;
}

export async function resetPassword(options: ResetPasswordOptions, io: CommandIo): Promise<void> {
  const email = options.email.trim();
  const loaded = loadForCommand(options, io);
  if (!hasDatabase(loaded))
    throw new CommandFailed("There is no database yet: `headgate start` makes it, and prints a link to begin with.");
  const nowMs = Date.now();
  const link = await withStorage(loaded, async (storage) => {
    await storage.migrate();
    return storage.transaction(async (tx) => {
      const user = await tx.users.getByEmail(email);
      if (user === null) throw new CommandFailed(`There is no account of this installation with the e-mail address ${email}.`);
      const made = await makePasswordLink(tx, user, nowMs);
      await recordChange(tx, {
        actor: { kind: "system", name: "command line" },
        requestId: null,
        action: "user.password_link",
        resource: { kind: "user", id: user.id, name: user.name },
        before: null,
        after: { expires_at: new Date(made.expiresAtMs).toISOString() },
        nowMs,
      });
      return made;
    });
  }).catch((error: unknown) => {
    throw error instanceof HeadgateError && error.code === "invalid_field" ? new CommandFailed(error.message) : error;
  });
  const { host, port, publicUrl } = loaded.config.server;
  const name = host.includes(":") ? `[${host}]` : host;
  io.note(`A link for ${email}, good once and for an hour. It does not end anybody's session until it is used.`);
  io.print(`${publicUrl ?? openableUrl(`http://${name}:${port}`)}${link.path}`);
}
