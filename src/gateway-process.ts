// A gateway worker's process: serves calls. Started by the supervisor where `server.workers` is not 0.
import cluster from "node:cluster";
import type { Config } from "./config/config.ts";
import { hideSecrets } from "./processes/exposed-secrets.ts";
import { GatewayWorker } from "./processes/gateway-worker.ts";
import { orphansIn } from "./processes/orphans.ts";
import { followSupervisor, tellSupervisor } from "./processes/run-child.ts";
import type { FromWorker, ToWorker } from "./processes/supervision.ts";
import { createLogger } from "./telemetry/log.ts";

const orphanEndMs = 10_000;

// node:cluster would end the process before it has closed anything.
if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true;

let worker: GatewayWorker | null = null;
let isEnding = false;
let end: (exitCode: number) => void = (exitCode) => process.exit(exitCode);

async function start(order: ToWorker & { kind: "start" }): Promise<void> {
  const config = hideSecrets(order.config) as Config;
  const { dataDir, name, processId, port, channelPath, httpPath, workers, isReplacement } = order;
  const log = createLogger({ level: config.log.level, process: name });
  end = (exitCode) => {
    log.flush();
    process.exit(exitCode);
  };
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "crashed");
    end(1);
  });
  takeBack = await orphansIn(dataDir).announce(processId);
  worker = new GatewayWorker({
    config,
    dataDir,
    processId,
    name,
    port,
    channelPath,
    httpPath,
    processes: workers + 1,
    isReplacement,
    log,
  });
  await worker.start();
  await tellSupervisor<FromWorker>({ kind: "ready" });
}

/** Nothing more will be written by this process. */
let takeBack = async (): Promise<void> => undefined;
let closing: Promise<void> | null = null;

function close(): Promise<void> {
  closing ??= closeWorker();
  return closing;
}

async function closeWorker(): Promise<void> {
  await worker?.close();
  await takeBack();
  end(0);
}

/** Without the supervisor nobody says any more that this process lives: what it wrote later would be lost. */
function endOrphaned(): void {
  setTimeout(() => end(1), orphanEndMs).unref();
  failing(isEnding ? close() : drain(0, false));
}

/** What can't be closed in order ends all the same. */
function failing(work: Promise<void>): void {
  work.catch(() => end(1));
}

async function drain(timeoutMs: number, isReplaced: boolean): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await worker?.drain(timeoutMs, isReplaced);
  await tellSupervisor<FromWorker>({ kind: "drained" });
  if (isReplaced || !process.connected) await close();
}

followSupervisor<ToWorker>((order) => {
  if (order.kind === "drain") failing(drain(order.timeoutMs, order.isReplaced));
  else if (order.kind === "end") failing(close());
  else {
    start(order).catch(async (error: unknown) => {
      // The configuration has been read before, and the port was tried: whatever this is, nobody foresaw it.
      const message = error instanceof Error ? error.message : String(error);
      await tellSupervisor<FromWorker>({ kind: "failed", message: `A worker could not start: ${message}` });
      end(1);
    });
  }
}, endOrphaned);
