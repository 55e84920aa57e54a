// Which of a model's listed prices hold on a day: some begin on a date, some are for hours of the day. The last listed whose time it is counts.
import type { ConditionalPrice, ModelPrice } from "@pydantic/genai-prices";

export interface PricesOfDay {
  /** One, unless the time of day decides. */
  prices: ModelPrice[];
  /** From when until when, ms, these are the ones; -Infinity and Infinity where no date bounds them. */
  fromMs: number;
  untilMs: number;
}

export function pricesOfDay(listed: readonly ConditionalPrice[], nowMs: number): PricesOfDay {
  const dates = listed.flatMap(({ constraint }) =>
    constraint?.type === "start_date" ? [Date.parse(constraint.start_date)] : [],
  );
  const hours = listed.flatMap(({ constraint }) =>
    constraint?.type === "time_of_date" ? [secondOfDay(constraint.start_time), secondOfDay(constraint.end_time)] : [],
  );
  // Between these, the same one holds.
  const found = [0, ...hours].map((second) => priceAt(listed, nowMs, second));
  return {
    prices: [...new Set(found)],
    fromMs: Math.max(...dates.filter((date) => date <= nowMs)),
    untilMs: Math.min(...dates.filter((date) => date > nowMs)),
  };
}

function priceAt(listed: readonly ConditionalPrice[], nowMs: number, second: number): ModelPrice {
  const holding = listed.findLast(({ constraint }) => {
    if (constraint === undefined) return true;
    if (constraint.type === "start_date") return nowMs >= Date.parse(constraint.start_date);
    const [start, end] = [secondOfDay(constraint.start_time), secondOfDay(constraint.end_time)];
    return end < start ? second >= start || second < end : second >= start && second < end;
  });
  return (holding ?? listed[0])?.prices ?? {};
}

/** UTC, from "16:30:00Z" or "16:30:00+02:00". */
function secondOfDay(time: string): number {
  return (Date.parse(`1970-01-02T${time}`) / 1000) % 86_400;
}
