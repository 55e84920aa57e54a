// One wish to stop, one signal: Ctrl-C reaches every process of the terminal's foreground group (`kill` and `timeout` can
// too), and npm passes on what it receives, so that under npm each wish arrives twice within milliseconds. A program that
// takes a second signal for "stop now" would never drain.
import { constants } from "node:os";

export const stopSignals = ["SIGINT", "SIGTERM", "SIGHUP"];

const sameWishMs = 500;

/** A function that says of each arriving signal whether it repeats the same signal of the last half second. */
export function repeatDetector() {
  const lastMs = new Map();
  return (signal) => {
    const nowMs = performance.now();
    const repeats = nowMs - (lastMs.get(signal) ?? Number.NEGATIVE_INFINITY) < sameWishMs;
    if (!repeats) lastMs.set(signal, nowMs);
    return repeats;
  };
}

/** From now on this process's own listeners see a repeated stop signal once. Call it before they are added. */
export function passStopSignalsOnce() {
  const isRepeat = repeatDetector();
  const emit = process.emit;
  process.emit = function emitUnlessRepeated(event, ...args) {
    if (stopSignals.includes(event) && isRepeat(event)) return true;
    return emit.call(this, event, ...args);
  };
}

/** What shells report for a process that `signal` ended. */
export function exitCodeOf(signal) {
  return 128 + constants.signals[signal];
}
