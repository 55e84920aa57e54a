// The timeouts of an endpoint or a model between their wire form and their column, which holds those that are set.
import type { GivenTimeouts, TimeoutsBody } from "../../api/timeouts.ts";
import { formatDuration } from "../../core/duration.ts";
import type { Timeouts } from "../../domain/timeouts.ts";
import { mergePatch } from "./merge-patch.ts";

/** The column after `given` is merged into what it holds `before`; null takes all away. */
export function timeoutsColumn(given: GivenTimeouts | null | undefined, before = "{}"): string {
  if (given === undefined) return before;
  if (given === null) return "{}";
  const { connect, first_byte, idle, total } = given;
  const patch = { connectMs: connect, firstByteMs: first_byte, idleMs: idle, totalMs: total } satisfies {
    [Name in keyof Timeouts]: number | null | undefined;
  };
  return JSON.stringify(mergePatch(JSON.parse(before), patch));
}

export function timeoutsOf(column: string): TimeoutsBody {
  const timeouts = JSON.parse(column) as Partial<Timeouts>;
  const duration = (ms: number | null | undefined): string | undefined =>
    ms === undefined || ms === null ? undefined : formatDuration(ms);
  return {
    connect: duration(timeouts.connectMs),
    first_byte: duration(timeouts.firstByteMs),
    idle: duration(timeouts.idleMs),
    total: duration(timeouts.totalMs),
  };
}
