// Text and durations held to the rules of domain/endpoint-fields.ts, as zod fields.
import { z } from "zod";
import { parseDurationMs } from "../core/duration.ts";

/** A string for which `check` finds nothing wrong. */
export function checkedText(check: (text: string) => string | null) {
  return z.string().superRefine((text, context) => {
    const wrong = check(text);
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
  });
}

/** A duration such as "30s" (or 0), as ms, for which `check` finds nothing wrong. */
export function durationField(check: (ms: number) => string | null) {
  return z.union([z.string(), z.number()], { error: 'must be a duration such as "30s" or "1h"' }).transform((given, context) => {
    const ms = parseDurationMs(given);
    const wrong = ms === null ? 'must be a duration such as "30s" or "1h"' : check(ms);
    if (ms !== null && wrong === null) return ms;
    context.addIssue({ code: "custom", message: wrong as string });
    return z.NEVER;
  });
}
