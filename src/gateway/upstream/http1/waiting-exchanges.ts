// Requests for which there is no connection yet, oldest first. Any of them can leave at any time, at no cost.
import type { Exchange, ExchangeHolder } from "./exchange.ts";

export class WaitingExchanges implements ExchangeHolder {
  size = 0;
  /** The oldest. */
  first: Exchange | null = null;
  #last: Exchange | null = null;

  push(exchange: Exchange): void {
    exchange.holder = this;
    exchange.previous = this.#last;
    if (this.#last === null) this.first = exchange;
    else this.#last.next = exchange;
    this.#last = exchange;
    this.size++;
  }

  /** For one that has waited already. */
  pushFirst(exchange: Exchange): void {
    exchange.holder = this;
    exchange.next = this.first;
    if (this.first === null) this.#last = exchange;
    else this.first.previous = exchange;
    this.first = exchange;
    this.size++;
  }

  shift(): Exchange | null {
    const exchange = this.first;
    if (exchange !== null) this.abandon(exchange);
    return exchange;
  }

  abandon(exchange: Exchange): void {
    const { previous, next } = exchange;
    if (previous === null) this.first = next;
    else previous.next = next;
    if (next === null) this.#last = previous;
    else next.previous = previous;
    exchange.previous = null;
    exchange.next = null;
    this.size--;
  }

  // Nothing flows yet; the connection sees what the exchange says when it gets it.
  pauseExchange(): void {}
  resumeExchange(): void {}
}
