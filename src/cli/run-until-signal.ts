// A server's life as a process: SIGTERM or SIGINT drains it, a second one ends it at once, a crash leaves its last words in the log.
import { closeSync, openSync } from "node:fs";
import type { BufferedLogger } from "../telemetry/log.ts";

export interface Endable {
  /** Lets calls in flight finish, then ends. */
  drain(): Promise<void>;
}

/** Takes the signals over. Call it before `app.start()`, so that a signal during the start is heeded too. */
export function endOnSignals(app: Endable, log: BufferedLogger, afterwards: () => Promise<void> = async () => {}): void {
  let isEnding = false;
  const end = (exitCode: number): never => {
    log.flush();
    process.exit(exitCode);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (isEnding) {
      log.warn({ signal }, "second signal: stopping at once");
      end(1);
    }
    isEnding = true;
    log.info({ signal }, "signal received");
    app
      .drain()
      .then(afterwards)
      .then(() => end(0))
      .catch((error: unknown) => {
        log.error({ err: error }, "stopping failed");
        end(1);
      });
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  // also what becomes of unhandled rejections
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "crashed");
    end(1);
  });
}

/**
 * Calls `onSignal` for each SIGHUP, unless that says that the terminal is gone on which this was started: then it ends at once, as
 * programs do, after `beforeEnd`. There is nothing left to write to.
 */
export function onHangUp(onSignal: () => unknown, beforeEnd: () => void = () => {}): void {
  const isOnTerminal = process.stdin.isTTY === true;
  process.on("SIGHUP", () => {
    if (!isOnTerminal || hasTerminal()) return void onSignal();
    beforeEnd();
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  });
}

function hasTerminal(): boolean {
  try {
    closeSync(openSync("/dev/tty", "r"));
    return true;
  } catch {
    return false;
  }
}
