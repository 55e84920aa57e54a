// `headgate start`: the server, until a signal ends it.
import type { Started } from "../app.ts";
import { findConfig, type LoadedConfig, loadConfig } from "../config/load.ts";
import { Supervisor } from "../processes/supervisor.ts";
import { workersOf } from "../processes/worker-count.ts";
import { growForCalls } from "../processes/young-generation.ts";
import { type BufferedLogger, createLogger } from "../telemetry/log.ts";
import { programVersion } from "../version.ts";
import { type CommandIo, configRequest, type SharedOptions } from "./command.ts";
import { endOnSignals, onHangUp } from "./run-until-signal.ts";

/** Resolves when the server is up; the process then lives until it is told to end. */
export async function start(options: SharedOptions, io: CommandIo): Promise<void> {
  const source = findConfig(configRequest(options, io));
  const loaded = loadConfig(source);
  const { config, dataDir, configPath } = loaded;
  const count = workersOf(config.server.workers);
  const log = createLogger({ level: config.log.level, ...(count > 0 && { process: "supervisor" }) });
  try {
    for (const warning of loaded.warnings) log.warn({}, warning);
    log.info(
      { config: configPath, data_dir: dataDir, workers: count },
      configPath === null ? "no config file: defaults and environment" : "config file read",
    );
    if (count === 0) return io.print(banner(await startAlone(loaded, log)));
    const supervisor = new Supervisor({ source, config, dataDir, workers: count, log });
    endOnSignals(supervisor, log);
    onHangUp(
      () => supervisor.roll().catch((err: unknown) => log.error({ err }, "workers could not be replaced")),
      () => supervisor.endAtOnce(),
    );
    io.print(banner(await supervisor.start()));
  } finally {
    log.flush();
  }
}

/** Everything in this process. What it takes is loaded only then. */
async function startAlone(loaded: LoadedConfig, log: BufferedLogger): Promise<Started> {
  const { config, dataDir, envSecretKey, warnings } = loaded;
  const { createApp } = await import("../app.ts");
  const { finishCutOffRotation } = await import("./finish-cut-off-rotation.ts");
  const { loadSecretKey } = await import("../config/secret-key.ts");
  await finishCutOffRotation(loaded);
  const warn = (message: string) => log.warn({}, message);
  const secretKey = loadSecretKey({ envKey: envSecretKey, dataDir, required: config.database.url !== null, warn });
  const app = createApp({ config, dataDir, secretKey, log, warnings });
  endOnSignals(app, log);
  onHangUp(() => log.info({}, "SIGHUP: there are no workers to replace (server.workers)"));
  const started = await app.start();
  growForCalls();
  return started;
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
