// The thread that moves usage from the spool into the database: reading, sorting and writing it costs the threads that serve calls nothing.
import { parentPort, workerData } from "node:worker_threads";
import { LedgerWriter } from "./control/ledger/ledger-writer.ts";
import { LiveProcesses } from "./control/ledger/live-processes.ts";
import type { LedgerThreadData, LedgerThreadMessage, LedgerThreadOrder } from "./control/ledger/threaded-ledger-writer.ts";
import { systemClock } from "./core/clock.ts";
import type { LogFields, Logger } from "./core/logger.ts";
import { openLedger } from "./storage/open-ledger.ts";

const { dir, liveIds, liveIdsChange, databaseUrl, dataDir } = workerData as LedgerThreadData;
const send = (message: LedgerThreadMessage) => parentPort?.postMessage(message);

const logAt = (level: keyof Logger) => (fields: LogFields, message: string) => {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) plain[name] = value instanceof Error ? { ...errorFields(value) } : value;
  send({ kind: "log", level, fields: plain, message });
};

function errorFields(error: Error): { isError: true; name: string; code: unknown; message: string; stack: string | undefined } {
  const { name, message, stack } = error;
  return { isError: true, name, code: (error as NodeJS.ErrnoException).code, message, stack };
}

const { ledger, close } = await openLedger({ databaseUrl, dataDir });
let isDatabaseReady = false;
const live = new LiveProcesses(liveIds, { changes: liveIdsChange });
if (liveIdsChange) live.heard(systemClock.nowMs());
const writer = new LedgerWriter({
  dir,
  live,
  ledger: () => (isDatabaseReady ? ledger : null),
  clock: systemClock,
  log: { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") },
  onClosed: (gone) => send({ kind: "closed", processId: gone }),
  onProgress: () => {
    const { backlogBytes, ingestedBytes, hasCaughtUp, failure } = writer;
    send({ kind: "state", backlogBytes, ingestedBytes, hasCaughtUp, failure: failure?.message ?? null });
  },
});

parentPort?.on("message", async (order: LedgerThreadOrder) => {
  if (order === "database ready") {
    isDatabaseReady = true;
    writer.start();
    return;
  }
  if (order !== "stop") {
    if (order.kind === "live") live.replace(order.ids);
    else live.heard(order.atMs);
    return;
  }
  await writer.stop();
  await close();
  send({ kind: "stopped" });
  parentPort?.close();
});
