#!/usr/bin/env node
// The command line. Each command is a file in cli/, loaded only when it is called.
import { Command } from "commander";
import { processIo, type SharedOptions } from "./cli/command.ts";
import { remoteCommands } from "./cli/remote/remote-commands.ts";
import { WrongUse } from "./cli/wrong-use.ts";
import { isVerbose } from "./config/is-verbose.ts";
import { startSmall } from "./processes/young-generation.ts";
import { programVersion } from "./version.ts";

const exitCodes = { failed: 1, wrongUse: 2 };

const program = new Command("headgate")
  .description("Self-hosted gateway and control plane for AI models.")
  .version(programVersion)
  .showHelpAfterError("(headgate --help shows what there is)")
  // taken over by all commands that are added from here on
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes.wrongUse));

/** A command with the options that all have. */
function command(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("--config <file>", "config file (default: headgate.yaml, if there is one)")
    .option("--host <address>", "address to listen on (default: 127.0.0.1)")
    .option("--port <number>", "port to listen on (default: 8080)")
    .option("--data-dir <folder>", "where Headgate keeps its files (default: ./data)");
}

command(program, "start", "start Headgate").action(async (options: SharedOptions) => {
  startSmall();
  const { start } = await import("./cli/start.ts");
  await start(options, processIo);
});

command(program, "check", "check the configuration, the database and the endpoints").action(async (options: SharedOptions) => {
  const { check } = await import("./cli/check.ts");
  await check(options, processIo);
});

command(program, "demo", "start with a built-in demo provider, to try everything without an account").action(
  async (options: SharedOptions) => {
    const { demo } = await import("./cli/demo.ts");
    await demo(options, processIo);
  },
);

const admin = program.command("admin").description("administration without the API");
command(admin, "create-token", "make an administrator token, also while Headgate runs")
  .option("--name <text>", "what the token is called in lists", "made on the command line")
  .action(async (options: SharedOptions & { name: string }) => {
    const { createAdminToken } = await import("./cli/create-admin-token.ts");
    await createAdminToken(options, processIo);
  });

command(admin, "reset-password", "make a link with which a user sets a new password, also while Headgate runs")
  .argument("<email>", "the e-mail address of the account")
  .action(async (email: string, options: SharedOptions) => {
    const { resetPassword } = await import("./cli/reset-password.ts");
    await resetPassword({ ...options, email }, processIo);
  });

command(program, "backup", "copy the SQLite database, also while Headgate runs")
  .option("--to <file>", "file to write (default: in backups in the data folder)")
  .action(async (options: SharedOptions & { to?: string }) => {
    const { backup } = await import("./cli/backup.ts");
    await backup(options, processIo);
  });

command(program, "import-spool", "bring usage that a Headgate which is gone for good has left behind into the database")
  .argument("<folder>", "its data folder")
  .action(async (from: string, options: SharedOptions) => {
    const { importSpool } = await import("./cli/import-spool.ts");
    await importSpool({ ...options, from }, processIo);
  });

command(program, "rotate-secret", "encrypt what is stored anew, under another secret key; Headgate has to be stopped").action(
  async (options: SharedOptions) => {
    const { rotateSecret } = await import("./cli/rotate-secret.ts");
    await rotateSecret(options, processIo);
  },
);

command(program, "reprice", "adjust what attempts have cost to the prices in force now, also while Headgate runs")
  .requiredOption("--from <when>", "a time, a date, or a duration before now such as 7d")
  .option("--to <when>", "the same (default: now)")
  .option("--model <name>", "attempts of this model alone, by its public name")
  .option("--dry-run", "say what would change, and change nothing")
  .option("--json", "JSON instead of a table")
  .action(async (options: SharedOptions & { from: string; to?: string; model?: string; dryRun?: boolean; json?: boolean }) => {
    const { reprice } = await import("./cli/reprice.ts");
    await reprice(options, processIo);
  });

command(program, "reconcile", "compare a provider's usage export with the ledger, also while Headgate runs")
  .requiredOption("--provider-csv <file>", "the usage or cost export of the provider")
  .option("--from <when>", "a time, a date, or a duration before now such as 7d, in whole UTC days (default: all of the file)")
  .option("--to <when>", "the same (default: all of the file)")
  .option("--endpoint <name>", "what this endpoint has answered alone, by its name")
  .option("--min-coverage <percent>", "fail where the ledger covers less of what the provider has")
  .option("--json", "JSON instead of tables")
  .action(
    async (
      options: SharedOptions & {
        providerCsv: string;
        from?: string;
        to?: string;
        endpoint?: string;
        minCoverage?: string;
        json?: boolean;
      },
    ) => {
      const { reconcile } = await import("./cli/reconcile.ts");
      await reconcile(options, processIo);
    },
  );

remoteCommands(program, async (options, work) => {
  const { runRemote } = await import("./cli/remote/run-remote.ts");
  await runRemote(processIo)(options, work);
});

try {
  await program.parseAsync();
} catch (error) {
  const { describeFailure } = await import("./cli/describe-failure.ts");
  const code = error instanceof WrongUse ? exitCodes.wrongUse : exitCodes.failed;
  process.stderr.write(`headgate: ${describeFailure(error, isVerbose())}\n`, () => process.exit(code));
}
