// Runs a command against the Headgate that its options and the environment name. Loaded only when one is called.
import { ConfigError } from "../../config/config-error.ts";
import { loadRemoteServer } from "../../config/remote-server.ts";
import type { CommandIo } from "../command.ts";
import { WrongUse } from "../wrong-use.ts";
import { AdminClient } from "./admin-client.ts";
import type { RemoteOptions, RunRemote } from "./remote.ts";
import { processTerminal, type Terminal } from "./terminal.ts";

export function runRemote(io: CommandIo, terminal: () => Terminal = processTerminal): RunRemote {
  return async (options, work) => {
    const client = new AdminClient(serverOf(options, io));
    try {
      await work({ ...io, client, isJson: options.json === true, terminal: terminal(), nowMs: Date.now() });
    } finally {
      await client.close();
    }
  };
}

function serverOf({ url, tokenFile, config }: RemoteOptions, { env, cwd }: CommandIo) {
  try {
    const server = loadRemoteServer({ url, tokenFile, config, env, cwd });
    if (server.token !== null) return { ...server, token: server.token };
  } catch (error) {
    // of an option: no fault of the configuration
    if (error instanceof ConfigError && error.problems.every((problem) => problem.startsWith("--"))) {
      throw new WrongUse(error.problems.join("\n"));
    }
    throw error;
  }
  throw new WrongUse(
    "There is no token for the admin API. Set HEADGATE_TOKEN (or HEADGATE_ADMIN_TOKEN), or name a file that holds one with --token-file. " +
      "`headgate admin create-token` makes one.",
  );
}
