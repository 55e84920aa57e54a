// Tests of what a day has in it do not begin when it is about to end.
import { eventually } from "./eventually.ts";

const roomMs = 60_000;

/** Resolves at once, unless the day ends there within a minute: then when the next one has begun. */
export async function awayFromMidnight(timeZone = "UTC"): Promise<void> {
  const { format } = new Intl.DateTimeFormat("en", { timeZone, day: "numeric" });
  await eventually(() => format(Date.now()) === format(Date.now() + roomMs), { timeoutMs: 2 * roomMs, everyMs: 200 });
}
