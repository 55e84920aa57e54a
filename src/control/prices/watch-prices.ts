// Prices of the catalogue that begin on a date come to the data plane when it has come.
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { PriceBook } from "./price-book.ts";

const hourMs = 3_600_000;
const retryMs = 60_000;

export interface PriceWatch {
  prices: Pick<PriceBook, "hasChanged" | "settled">;
  /** Has the data plane take the prices that hold now. */
  publish: () => Promise<void>;
  clock: Clock;
  log: Pick<Logger, "info" | "warn">;
}

/** Looks at every full hour, as dates begin with one. The returned function ends it, and waits for what is still being written. */
export function watchPrices({ prices, publish, clock, log }: PriceWatch): () => Promise<void> {
  let isDue = false;
  let isStopped = false;
  let timer: Timer;
  const look = async () => {
    isDue = prices.hasChanged() || isDue;
    if (isDue) {
      try {
        await publish();
        isDue = false;
        log.info({}, "other prices of the catalogue hold from now on");
      } catch (error) {
        log.warn({ err: error }, "prices have changed, and can't be published yet");
      }
    }
    if (!isStopped) wait();
  };
  const wait = () => {
    const untilHourMs = hourMs - (clock.nowMs() % hourMs);
    timer = clock.after(isDue ? Math.min(retryMs, untilHourMs) : untilHourMs, look);
  };
  wait();
  return async () => {
    isStopped = true;
    timer.cancel();
    await prices.settled();
  };
}
