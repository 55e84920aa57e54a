// What every command gets and how it speaks: answers on standard output, everything else on standard error.
import type { Environment } from "../config/environment.ts";
import type { ConfigOverrides, ConfigRequest } from "../config/load.ts";

/** The options that all commands share. */
export type SharedOptions = ConfigOverrides;

export interface CommandIo {
  /** What the command was called for. */
  print(text: string): void;
  /** Remarks and warnings. */
  note(text: string): void;
  /** Default: this process's own. */
  env?: Environment;
  cwd?: string;
}

export const processIo: CommandIo = {
  print: (text) => process.stdout.write(`${text}\n`),
  note: (text) => process.stderr.write(`${text}\n`),
};

/** A command could not do its work, for a reason that is no fault of the program; the message is all that people see. */
export class CommandFailed extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CommandFailed";
  }
}

/** Where a command's configuration comes from. */
export function configRequest(options: SharedOptions, io: CommandIo): ConfigRequest {
  const { config, host, port, dataDir } = options;
  return {
    overrides: { config, host, port, dataDir },
    ...(io.env === undefined ? {} : { env: io.env }),
    ...(io.cwd === undefined ? {} : { cwd: io.cwd }),
  };
}
