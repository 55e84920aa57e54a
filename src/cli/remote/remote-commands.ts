// The commands that ask a running Headgate over its admin API.
import type { Command } from "commander";
import { endpointCommands } from "./endpoint-commands.ts";
import { keyCommands } from "./key-commands.ts";
import { modelCommands } from "./model-commands.ts";
import { pricesCommand } from "./prices-command.ts";
import type { RunRemote } from "./remote.ts";
import { usageCommand } from "./usage-command.ts";

export function remoteCommands(program: Command, run: RunRemote): void {
  endpointCommands(program, run);
  modelCommands(program, run);
  keyCommands(program, run);
  pricesCommand(program, run);
  usageCommand(program, run);
}
