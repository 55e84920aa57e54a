// The period of an overview, and how finely it is shown.
import { HeadgateError } from "../../../core/errors.ts";

const hourMs = 3_600_000;
export const bucketLengthMs = { minute: 60_000, hour: hourMs, day: 24 * hourMs } as const;

/** So that no overview has more than 400 buckets. */
const daysMax = 398;

export interface Period {
  /** Inclusive, exclusive; whole minutes or hours. */
  fromMs: number;
  toMs: number;
  bucket: keyof typeof bucketLengthMs;
}

/** Default: the last 24 hours. Throws HeadgateError invalid_field. */
export function periodOf(from: number | undefined, to: number | undefined, nowMs: number): Period {
  const endMs = to ?? nowMs;
  const startMs = from ?? endMs - 24 * hourMs;
  const lengthMs = endMs - startMs;
  const wrong =
    lengthMs < 0
      ? "must not be after `to`"
      : lengthMs > daysMax * 24 * hourMs
        ? `must be at most ${daysMax} days before \`to\``
        : null;
  if (wrong !== null) throw new HeadgateError("invalid_field", { field: "from", message: `from: ${wrong}` });
  const bucket = lengthMs <= 2 * hourMs ? "minute" : lengthMs <= 7 * 24 * hourMs ? "hour" : "day";
  // Roll-ups know no smaller time than the hour.
  const unitMs = bucket === "minute" ? bucketLengthMs.minute : hourMs;
  return { fromMs: Math.floor(startMs / unitMs) * unitMs, toMs: Math.ceil(endMs / unitMs) * unitMs, bucket };
}

/** The starts of all buckets of the period, ms; the first and last of days may begin before it and end after it. */
export function bucketsOf({ fromMs, toMs, bucket }: Period): number[] {
  const lengthMs = bucketLengthMs[bucket];
  const firstMs = Math.floor(fromMs / lengthMs) * lengthMs;
  return Array.from({ length: Math.ceil((toMs - firstMs) / lengthMs) }, (_, index) => firstMs + index * lengthMs);
}
