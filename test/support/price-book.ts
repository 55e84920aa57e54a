// What models cost, for tests in which nothing goes wrong with it.
import { PriceBook } from "../../src/control/prices/price-book.ts";
import { type Clock, systemClock } from "../../src/core/clock.ts";

export function testPriceBook(clock: Clock = systemClock): PriceBook {
  const warn = (fields: object, message: string): never => {
    throw new Error(message, { cause: fields });
  };
  return new PriceBook({ clock, log: { warn } });
}
