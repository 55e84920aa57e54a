// GET /v1/usage: what the caller has used, as the ledger has it.
import type { Clock } from "../core/clock.ts";
import { HeadgateError } from "../core/errors.ts";
import { readTimeOrDateMs } from "../core/read-time.ts";
import type { Principal } from "./access.ts";
import type { CallerUsageQuery, UsageSource } from "./ports.ts";

const hourMs = 3_600_000;
const buckets = ["hour", "day"] as const;
/** Rows of hours fill memory and time: a report of more is of days. */
const hoursMax = 93 * 24;
const timeoutMs = 5000;
/** Reports being made at once: they read what calls write. */
const reportsMax = 8;

/** What to answer callers with who ask for their usage. */
export class UsageView {
  readonly #source: UsageSource;
  readonly #clock: Clock;
  #underWay = 0;

  constructor({ source, clock }: { source: UsageSource; clock: Clock }) {
    this.#source = source;
    this.#clock = clock;
  }

  /** Throws 400 `invalid_query`, 503 `overloaded`, and 503 `state_unavailable` when the ledger can't be read. */
  async report(principal: Principal, query: URLSearchParams): Promise<object> {
    const asked = { ...readQuery(query, this.#clock.nowMs()), ...ownerOf(principal) };
    if (this.#underWay >= reportsMax) throw new HeadgateError("overloaded", { retryAfterSeconds: 1 });
    this.#underWay += 1;
    const report = this.#source.ofCaller(asked).finally(() => {
      this.#underWay -= 1;
    });
    return this.#inTime(report);
  }

  #inTime(report: Promise<object>): Promise<object> {
    return new Promise((resolve, reject) => {
      const unavailable = (detail: string) =>
        reject(
          new HeadgateError("state_unavailable", {
            message: "Usage can't be looked up at the moment. Retry shortly.",
            detail,
            retryAfterSeconds: 2,
          }),
        );
      const timer = this.#clock.after(timeoutMs, () => unavailable("the ledger does not answer in time"));
      report.then(resolve, (error: Error) => unavailable(error.message)).finally(() => timer.cancel());
    });
  }
}

/** A key's own; of callers without one, all that their user has used. */
function ownerOf({ key, userId }: Principal): Pick<CallerUsageQuery, "keyId" | "userId"> {
  if (key !== null) return { keyId: key.id, userId: null };
  if (userId === null) throw new HeadgateError("not_allowed", { message: "This caller has neither a key nor a user." });
  return { keyId: null, userId };
}

/** Whole hours around what is asked for; the last 24 where nothing is. */
function readQuery(query: URLSearchParams, nowMs: number): Omit<CallerUsageQuery, "keyId" | "userId"> {
  const endMs = readMoment(query, "to") ?? nowMs;
  const startMs = readMoment(query, "from") ?? endMs - 24 * hourMs;
  if (startMs > endMs) throw wrong("from", "must not be after `to`");
  const groupBy = query.get("group_by");
  if (groupBy !== null && groupBy !== "model") throw wrong("group_by", "takes model");
  const bucket = buckets.find((name) => name === query.get("bucket")) ?? null;
  if (bucket === null && query.has("bucket")) throw wrong("bucket", "takes hour or day");
  const range = { fromMs: Math.floor(startMs / hourMs) * hourMs, toMs: Math.ceil(endMs / hourMs) * hourMs };
  if (bucket === "hour" && range.toMs - range.fromMs > hoursMax * hourMs) {
    throw wrong("bucket", "hour takes 93 days at most: ask for fewer, or for bucket=day");
  }
  return { ...range, byModel: groupBy !== null, bucket };
}

function readMoment(query: URLSearchParams, name: "from" | "to"): number | null {
  const text = query.get(name);
  if (text === null) return null;
  const ms = readTimeOrDateMs(text);
  if (ms === null) throw wrong(name, "must be an RFC 3339 time or a date such as 2026-01-31");
  return ms;
}

function wrong(field: string, what: string): HeadgateError {
  return new HeadgateError("invalid_query", { field, message: `${field}: ${what}.` });
}
