// Counts the calls that were refused for want of room, by what was short.
import type { ShedReason } from "../gateway/ports.ts";
import type { Exposed } from "./exposed-metric.ts";

export class ShedCounter implements Exposed {
  readonly name = "headgate_calls_shed_total";
  readonly help = "Calls refused because the process has too many under way, or too much to do.";
  readonly type = "counter";
  readonly #calls = { labels: { reason: "calls_in_flight" }, value: 0 };
  readonly #eventLoop = { labels: { reason: "event_loop" }, value: 0 };
  readonly #values = [this.#calls, this.#eventLoop];

  count(reason: ShedReason): void {
    (reason === "event_loop" ? this.#eventLoop : this.#calls).value += 1;
  }

  values(): readonly { labels: { reason: string }; value: number }[] {
    return this.#values;
  }
}
