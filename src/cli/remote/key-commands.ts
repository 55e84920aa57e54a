// `headgate keys …`: the new key alone goes to standard output, so that a script can catch it.
import type { Command } from "commander";
import type { KeyBody, NewKeyBody } from "../../api/keys.ts";
import type { UserBody } from "../../api/users.ts";
import { parseDurationMs } from "../../core/duration.ts";
import { WrongUse } from "../wrong-use.ts";
import type { AdminClient } from "./admin-client.ts";
import { printable } from "./printable.ts";
import { relativeTime } from "./relative-time.ts";
import { collect, confirm, printList, type Remote, type RemoteOptions, type RunRemote, remoteCommand } from "./remote.ts";
import { resolveName } from "./resolve-name.ts";
import type { Column } from "./table.ts";

const kind = {
  path: "/keys",
  noun: "key",
  prefix: "key_",
  hint: ({ prefix, created_at }: KeyBody) => `${prefix}…, made ${created_at}`,
};

interface CreateOptions extends RemoteOptions {
  user?: string;
  group?: string;
  model?: string[];
  scope?: string[];
  expires?: string;
}

export function keyCommands(program: Command, run: RunRemote): void {
  const keys = program.command("keys").description("keys of a running Headgate");

  remoteCommand(keys, "list", "list keys, newest first")
    .option("--search <text>", "those whose name holds this text, or whose prefix does")
    .action((options: RemoteOptions & { search?: string }) =>
      run(options, async (remote) => {
        const items = await remote.client.list<KeyBody>(kind.path, { search: options.search });
        printList(remote, items, columns(remote), "There are no such keys.");
      }),
    );

  remoteCommand(keys, "create <name>", "make a key and print it, this once")
    .option("--user <user>", "whose key it is: e-mail address, username, name or id")
    .option("--group <group>", "who pays: name or id")
    .option("--model <pattern>", "a model that it may call, or a pattern with *; may be repeated (default: all)", collect)
    .option("--scope <scope>", "inference, passthrough or admin; may be repeated (default: inference)", collect)
    .option("--expires <when>", "a time, a date, or a duration from now such as 30d")
    .action((name: string, options: CreateOptions) =>
      run(options, async (remote) => {
        const { user, group, model: models, scope: scopes, expires } = options;
        const expiresAt = expires === undefined ? undefined : expiryOf(expires, remote.nowMs);
        const [userId, groupId] = [await userIdOf(remote.client, user), await groupIdOf(remote.client, group)];
        const given = { name, user_id: userId, group_id: groupId, models, scopes, expires_at: expiresAt };
        printNewKey(remote, await remote.client.post<NewKeyBody>(kind.path, given), "is made");
      }),
    );

  remoteCommand(keys, "rotate <key>", "give a key a new secret and print it, this once")
    .option("--overlap <duration>", "how long the old secret works beside it, such as 1h (default: not at all)")
    .action((name: string, options: RemoteOptions & { overlap?: string }) =>
      run(options, async (remote) => {
        const overlapMs = parseDurationMs(options.overlap ?? 0);
        if (overlapMs === null) throw new WrongUse(`--overlap ${options.overlap}: must be a duration such as 1h or 7d.`);
        const { id } = await resolveName<KeyBody>(remote.client, kind, name);
        const body = { overlap_seconds: Math.ceil(overlapMs / 1000) };
        const until = overlapMs === 0 ? "the old one is good no longer" : `the old one stays good for ${options.overlap}`;
        printNewKey(
          remote,
          await remote.client.post<NewKeyBody>(`${kind.path}/${id}/rotate`, body),
          `has a new secret; ${until}`,
        );
      }),
    );

  remoteCommand(keys, "delete <key>", "revoke a key at once")
    .option("--yes", "do not ask")
    .action((name: string, options: RemoteOptions & { yes?: boolean }) =>
      run(options, async (remote) => {
        const { id, name: found, prefix } = await resolveName<KeyBody>(remote.client, kind, name);
        await confirm(remote, options.yes, `Key ${found} (${id}, ${prefix}…) is good no longer then.`);
        await remote.client.delete(`${kind.path}/${id}`);
        remote.note(`Key ${printable(found)} is revoked.`);
      }),
    );
}

function printNewKey({ print, note, isJson }: Remote, { text, body }: { text: string; body: NewKeyBody }, what: string): void {
  note(`Key ${printable(body.name)} (${body.id}) ${what}. It is shown this once; Headgate keeps only a digest of it.`);
  print(isJson ? text : body.key);
}

/** Ids go as they are: not everybody may list users. */
async function userIdOf(client: AdminClient, text: string | undefined): Promise<string | undefined> {
  if (text === undefined || text.startsWith("usr_")) return text;
  const names = ({ name, email, username }: UserBody) => [name, email, username];
  const hint = ({ name, email, username }: UserBody) => [name, email ?? username].filter(Boolean).join(", ");
  return (await resolveName<UserBody>(client, { path: "/users", noun: "user", prefix: "usr_", names, hint }, text)).id;
}

async function groupIdOf(client: AdminClient, text: string | undefined): Promise<string | undefined> {
  if (text === undefined || text.startsWith("grp_")) return text;
  return (await resolveName(client, { path: "/groups", noun: "group", prefix: "grp_" }, text)).id;
}

/** What the API takes: an RFC 3339 time. What is no duration and no date goes as it is, and the API says what is wrong with it. */
function expiryOf(text: string, nowMs: number): string {
  const durationMs = parseDurationMs(text);
  if (durationMs !== null) return new Date(nowMs + durationMs).toISOString();
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text;
}

function columns({ nowMs }: Remote): Column<KeyBody>[] {
  const isPast = ({ expires_at }: KeyBody) => expires_at !== null && Date.parse(expires_at) <= nowMs;
  return [
    { head: "name", cell: ({ name }) => name },
    { head: "prefix", cell: ({ prefix }) => `${prefix}…` },
    { head: "scopes", cell: ({ scopes }) => scopes.join(", ") },
    { head: "models", cell: ({ models }) => models?.join(", ") ?? "all" },
    { head: "user", cell: ({ user_name, user_id }) => user_name ?? user_id },
    { head: "group", cell: ({ group_name, group_id }) => group_name ?? group_id },
    {
      head: "expires",
      cell: (key) => relativeTime(key.expires_at, nowMs) || "never",
      colour: (key) => (isPast(key) ? "red" : null),
    },
    { head: "last used", cell: ({ last_used_at }) => relativeTime(last_used_at, nowMs) || "never" },
    { head: "created", cell: ({ created_at }) => relativeTime(created_at, nowMs) },
    { head: "id", cell: ({ id }) => id, colour: () => "dim" },
  ];
}
