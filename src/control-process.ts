// The control process: everything but calls. Started by the supervisor where `server.workers` is not 0.

import type { App } from "./app.ts";
import { createApp } from "./app.ts";
import { describeFailure } from "./cli/describe-failure.ts";
import { finishCutOffRotation } from "./cli/finish-cut-off-rotation.ts";
import { isVerbose } from "./config/is-verbose.ts";
import { loadConfig } from "./config/load.ts";
import { loadSecretKey } from "./config/secret-key.ts";
import { giveWayToWorkers } from "./core/give-way.ts";
import { followSupervisor, tellSupervisor } from "./processes/run-child.ts";
import type { FromControl, ToControl } from "./processes/supervision.ts";
import { createLogger } from "./telemetry/log.ts";

const stopMs = 38_000;
const orphanEndMs = 6000;

let app: App | null = null;
let liveProcessIds: readonly string[] = [];
let end: (exitCode: number) => void = (exitCode) => process.exit(exitCode);

async function start(order: ToControl & { kind: "start" }): Promise<void> {
  liveProcessIds = order.liveProcessIds;
  giveWayToWorkers();
  const loaded = loadConfig(order.config);
  const { config, dataDir, envSecretKey } = loaded;
  const log = createLogger({ level: config.log.level, process: "control" });
  end = (exitCode) => {
    log.flush();
    process.exit(exitCode);
  };
  // also what becomes of unhandled rejections
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "crashed");
    end(1);
  });
  await finishCutOffRotation(loaded);
  const warn = (message: string) => log.warn({}, message);
  const secretKey = loadSecretKey({ envKey: envSecretKey, dataDir, required: config.database.url !== null, warn });
  const { workers: count, port, channelPath, httpPath, isReplacement } = order;
  app = createApp({
    config,
    dataDir,
    secretKey,
    log,
    warnings: loaded.warnings,
    workers: { count, port, channelPath, httpPath, liveProcessIds, isReplacement },
  });
  await tellSupervisor<FromControl>({ kind: "started", started: await app.start() });
}

let isStopping = false;

async function stop(): Promise<void> {
  isStopping = true;
  // Orphaned, it gives the data directory free before a successor stops waiting for it.
  setTimeout(() => end(1), process.connected ? stopMs : orphanEndMs).unref();
  await app?.stop();
  end(0);
}

followSupervisor<ToControl>((order) => {
  if (order.kind === "live") {
    liveProcessIds = order.processIds;
    app?.setLiveWorkers(liveProcessIds);
  } else if (order.kind === "draining") app?.draining();
  else if (order.kind === "stop") void stop();
  else {
    start(order).catch(async (error: unknown) => {
      // What a stop cuts off is no failure.
      if (isStopping) return;
      await tellSupervisor<FromControl>({ kind: "failed", message: describeFailure(error, isVerbose()) });
      end(1);
    });
  }
}, stop);
