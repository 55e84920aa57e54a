// `headgate start`: the server, until a signal ends it.
import { createApp, type Started } from "../app.ts";
import type { LoadedConfig } from "../config/load.ts";
import { loadConfig } from "../config/load.ts";
import { loadSecretKey } from "../config/secret-key.ts";
import { lockDataDir } from "../storage/data-dir-lock.ts";
import { createLogger } from "../telemetry/log.ts";
import { programVersion } from "../version.ts";
import { type CommandIo, configRequest, type SharedOptions } from "./command.ts";
import { finishRotation, hasUnfinishedRotation } from "./finish-rotation.ts";
import { withStorage } from "./open-command-storage.ts";
import { endOnSignals } from "./run-until-signal.ts";

/** Resolves when the server is up; the process then lives until it is told to end. */
export async function start(options: SharedOptions, io: CommandIo): Promise<void> {
  const loaded = loadConfig(configRequest(options, io));
  const { config, dataDir, configPath, envSecretKey } = loaded;
  const log = createLogger({ level: config.log.level });
  try {
    for (const warning of loaded.warnings) log.warn({}, warning);
    log.info(
      { config: configPath, data_dir: dataDir },
      configPath === null ? "no config file: defaults and environment" : "config file read",
    );
    await finishCutOffRotation(loaded);
    const secretKey = loadSecretKey({
      envKey: envSecretKey,
      dataDir,
      required: config.database.url !== null,
      warn: (message) => log.warn({}, message),
    });
    const app = createApp({ config, dataDir, secretKey, log, warnings: loaded.warnings });
    endOnSignals(app, log);
    io.print(banner(await app.start()));
  } finally {
    log.flush();
  }
}

/** A key that waits beside the one in use means that `rotate-secret` was killed half way. */
async function finishCutOffRotation(loaded: LoadedConfig): Promise<void> {
  const { config, dataDir, envSecretKey } = loaded;
  if (envSecretKey !== null || config.database.url !== null || !hasUnfinishedRotation(dataDir)) return;
  const lock = await lockDataDir(dataDir);
  try {
    await withStorage(loaded, (storage) => finishRotation(storage, dataDir));
  } finally {
    await lock.release();
  }
}

function banner({ url, adminUrl, adminToken, setupLink, metricsUrl }: Started): string {
  const lines = [`Headgate ${programVersion} is ready at ${url}`];
  if (metricsUrl !== null) lines.push(`Metrics: ${metricsUrl}`);
  if (setupLink !== null) {
    lines.push("", "Nobody has an administrator's account yet. This link makes it, once, within 24 hours:", "", `  ${setupLink}`);
  }
  if (adminToken !== null) {
    lines.push(
      "",
      "This is the first start. The administrator token, shown this once:",
      "",
      `  ${adminToken}`,
      "",
      "Register a model endpoint:",
      "",
      `  curl ${adminUrl}/endpoints -H 'authorization: Bearer ${adminToken}' -H 'content-type: application/json' \\`,
      `    -d '{"name": "openai", "url": "https://api.openai.com/v1", "api_key": "'"$OPENAI_API_KEY"'"}'`,
      "",
      "Make a key for calling models:",
      "",
      `  curl ${adminUrl}/keys -H 'authorization: Bearer ${adminToken}' -H 'content-type: application/json' -d '{"name": "me"}'`,
      "",
      "`headgate admin create-token` makes another administrator token.",
    );
  }
  return lines.join("\n");
}
