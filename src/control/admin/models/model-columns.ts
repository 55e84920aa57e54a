// A model's settings between their wire form and their columns.
import type { ModelBody, ModelPatch } from "../../../api/models.ts";
import { formatDuration } from "../../../core/duration.ts";
import type { Hedge, Strategy } from "../../../domain/pool.ts";
import type { ModelRow } from "../../../storage/ports/models.ts";
import { hedgeOf } from "../../hedge-column.ts";
import { limitsColumn, presentLimits } from "../limits-column.ts";
import { mergePatch } from "../merge-patch.ts";
import { timeoutsColumn, timeoutsOf } from "../timeouts-column.ts";

type Setting = "strategy" | "max_attempts" | "hedge" | "timeouts" | "groups" | "limits";
export type SettingColumns = Pick<ModelRow, Setting>;
type GivenSettings = Pick<ModelPatch, Setting>;

/** The columns after `given` is merged into them: what is left out stays, null takes back. */
export function settingColumns(given: GivenSettings, before: SettingColumns): SettingColumns {
  return {
    strategy: given.strategy === undefined ? before.strategy : given.strategy,
    max_attempts: given.max_attempts === undefined ? before.max_attempts : given.max_attempts,
    hedge: hedgeColumn(given.hedge, before.hedge),
    timeouts: timeoutsColumn(given.timeouts, before.timeouts),
    groups: groupsColumn(given.groups, before.groups),
    limits: limitsColumn(given.limits, before.limits),
  };
}

/** The parts that were set; the defaults of the others may change with the program. */
function hedgeColumn(given: GivenSettings["hedge"], before: string | null): string | null {
  if (given === undefined) return before;
  if (given === null) return null;
  const patch = { extraTrafficMax: given.extra_traffic, delayMinMs: given.min_delay } satisfies {
    [Name in keyof Hedge]: number | null | undefined;
  };
  return JSON.stringify(mergePatch(JSON.parse(before ?? "{}"), patch));
}

function groupsColumn(given: GivenSettings["groups"], before: string | null): string | null {
  if (given === undefined) return before;
  return given === null ? null : JSON.stringify([...new Set(given)]);
}

export function presentSettings(row: SettingColumns): Pick<ModelBody, Setting> {
  const hedge = hedgeOf(row.hedge);
  return {
    strategy: (row.strategy as Strategy | null) ?? "balanced",
    max_attempts: row.max_attempts,
    hedge: hedge === null ? null : { extra_traffic: hedge.extraTrafficMax, min_delay: formatDuration(hedge.delayMinMs) },
    timeouts: timeoutsOf(row.timeouts),
    groups: row.groups === null ? null : (JSON.parse(row.groups) as string[]),
    limits: presentLimits(row.limits),
  };
}
