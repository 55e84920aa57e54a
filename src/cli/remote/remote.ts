// What the commands that ask a running Headgate share: their options, the client, and how they answer.
import type { Command } from "commander";
import { CommandFailed, type CommandIo } from "../command.ts";
import { WrongUse } from "../wrong-use.ts";
import type { AdminClient } from "./admin-client.ts";
import { printable } from "./printable.ts";
import { type Column, table } from "./table.ts";
import type { Terminal } from "./terminal.ts";

export interface RemoteOptions {
  url?: string;
  tokenFile?: string;
  config?: string;
  json?: boolean;
}

export interface Remote extends CommandIo {
  client: AdminClient;
  /** Print what the API said, and nothing else. */
  isJson: boolean;
  terminal: Terminal;
  nowMs: number;
}

/** Runs `work` with a client of the Headgate that the options and the environment name. */
export type RunRemote = (options: RemoteOptions, work: (remote: Remote) => Promise<void>) => Promise<void>;

/** A command with the options that all of these have. */
export function remoteCommand(parent: Command, usage: string, description: string): Command {
  return parent
    .command(usage)
    .description(description)
    .option("--url <url>", "which Headgate (default: HEADGATE_URL, else the one configured here)")
    .option("--token-file <file>", "file with the token (default: HEADGATE_TOKEN, else HEADGATE_ADMIN_TOKEN)")
    .option("--config <file>", "config file that says where Headgate listens (default: headgate.yaml, if there is one)")
    .option("--json", "print the API's JSON");
}

/** For options that may be given more than once. */
export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

/** A list: the API's items under `data`, or a table. */
export function printList<Item>(remote: Remote, items: readonly Item[], columns: readonly Column<Item>[], none: string): void {
  if (remote.isJson) remote.print(JSON.stringify({ data: items }));
  else if (items.length === 0) remote.note(none);
  else remote.print(table(columns, items, remote.terminal.style));
}

/** Asks before what can't be undone. Scripts say --yes. */
export async function confirm({ terminal }: Remote, isGiven: boolean | undefined, what: string): Promise<void> {
  if (isGiven === true) return;
  if (!terminal.isInteractive) throw new WrongUse(`${printable(what)} Nobody is here to be asked: say --yes.`);
  const answer = await terminal.ask(`${printable(what)} Go on? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed("Nothing was changed.");
}
