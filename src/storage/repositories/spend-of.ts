// What many accounts have spent since times of their own, exact to the millisecond: what budgets are held to.
import { type Kysely, type RawBuilder, sql } from "kysely";
import { type ColumnType, jsonRows } from "../json-rows.ts";
import type { SpendAccount } from "../ports/ledger.ts";
import type { Engine } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { periodOf, type Range } from "./usage-tables.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const columnOf = { key: "key_id", user: "user_id", group: "group_id", model: "model" } as const;
type Kind = SpendAccount["kind"];

/** More times than these make a statement long. */
const startsPerStatement = 30;

/** A sum of costs. `body`: of all accounts of `id` whose first whole day is `atMs` or before it; `edge`: of the one that starts at `atMs`. */
interface Part {
  id: string;
  part: "body" | "edge";
  atMs: number;
  cost: number;
}

/** Of whole days, from the earliest of the accounts' on: days that are summed, and the hours of the others. */
type Body = Awaited<ReturnType<typeof periodOf>>;

/** See LedgerRepository.spendOf. A statement per kind, and two to know which days are summed, however many accounts there are. */
export async function spendOf(db: Kysely<Database>, engine: Engine, accounts: readonly SpendAccount[]): Promise<number[]> {
  const last = await db.selectFrom("usage_hourly").select("hour").orderBy("hour", "desc").limit(1).executeTakeFirst();
  if (last === undefined || accounts.length === 0) return accounts.map(() => 0);
  const toMs = last.hour + hourMs;
  const fromMs = accounts.reduce((earliest, { startMs }) => Math.min(earliest, firstDayOf(startMs)), toMs);
  const body = await periodOf(db, { fromMs, toMs });
  const spent = accounts.map(() => 0);
  for (const { kind, startsMs } of statementsFor(accounts)) {
    const mine = [...accounts.entries()].filter(([, account]) => account.kind === kind && startsMs.has(account.startMs));
    const ofId = new Map<string, number[]>();
    for (const [index, { id }] of mine) {
      const present = ofId.get(id);
      if (present === undefined) ofId.set(id, [index]);
      else present.push(index);
    }
    const asked = mine.map(([, account]) => account);
    for (const { id, part, atMs, cost } of await partsOf(db, engine, kind, asked, body, toMs)) {
      for (const index of ofId.get(id) ?? []) {
        const { startMs } = accounts[index] as SpendAccount;
        const counts = part === "edge" ? atMs === startMs : atMs >= firstDayOf(startMs);
        if (counts) spent[index] = (spent[index] as number) + cost;
      }
    }
  }
  return spent;
}

function firstDayOf(startMs: number): number {
  return Math.ceil(startMs / dayMs) * dayMs;
}

function statementsFor(accounts: readonly SpendAccount[]): { kind: Kind; startsMs: ReadonlySet<number> }[] {
  return (Object.keys(columnOf) as Kind[]).flatMap((kind) => {
    const startsMs = [...new Set(accounts.filter((account) => account.kind === kind).map(({ startMs }) => startMs))];
    const count = Math.ceil(startsMs.length / startsPerStatement);
    return Array.from({ length: count }, (_, index) => {
      return { kind, startsMs: new Set(startsMs.slice(index * startsPerStatement, (index + 1) * startsPerStatement)) };
    });
  });
}

const givenColumns: Readonly<Record<"id" | "from_ms", ColumnType>> = { id: "text", from_ms: "bigint" };

async function partsOf(
  db: Kysely<Database>,
  engine: Engine,
  kind: Kind,
  accounts: readonly SpendAccount[],
  { days, hours }: Body,
  toMs: number,
): Promise<Part[]> {
  const column = sql.ref(columnOf[kind]);
  const startsMs = [...new Set(accounts.map(({ startMs }) => startMs))];
  const parts: RawBuilder<unknown>[] = [];
  const ofHours = (range: Range, part: RawBuilder<unknown>) => sql`
    select ${column} as id, ${part}, cost_nano_usd as cost from usage_hourly
    where "hour" >= ${range.fromMs} and "hour" < ${range.toMs} and ${column} in (select id from asked)`;

  if (days !== null) {
    const left = days.changed.length === 0 ? sql`` : sql`and day not in (${sql.join(days.changed)})`;
    parts.push(sql`
      select asked.id, ${segmentOf("day", startsMs)}, usage_daily.cost_nano_usd as cost from asked cross join usage_daily
      where dimension = ${sql.lit(kind)} and value = asked.id and day >= asked.from_ms
      and day >= ${days.fromMs} and day < ${days.toMs} ${left}`);
  }
  for (const range of hours) parts.push(ofHours(range, segmentOf("hour", startsMs)));
  for (const startMs of startsMs) {
    const edge = sql`'edge' as part, cast(${startMs} as bigint) as at_ms`;
    const fromMs = Math.floor(startMs / hourMs) * hourMs;
    const range = { fromMs, toMs: Math.min(firstDayOf(startMs), toMs) };
    if (range.fromMs < range.toMs) parts.push(ofHours(range, edge));
    // Less what of the first hour came before. In the same statement as the hour, so that both know the same attempts; and not the sum of
    // what came after: of attempts that retention has deleted it can't be told any more, and then they count.
    if (fromMs < startMs) parts.push(...before({ fromMs, toMs: startMs }, column, edge));
  }
  const firstDays = new Map<string, number>();
  for (const { id, startMs } of accounts) {
    firstDays.set(id, Math.min(firstDays.get(id) ?? Number.POSITIVE_INFINITY, firstDayOf(startMs)));
  }
  const given = [...firstDays].map(([id, from_ms]) => ({ id, from_ms }));
  if (parts.length === 0) return [];
  const result = await sql<{ id: string; part: Part["part"]; at_ms: number; cost: number }>`
    with asked as materialized (select id, from_ms from ${jsonRows(engine, givenColumns, given)})
    select id, part, at_ms, cast(sum(cost) as bigint) as cost from (${sql.join(parts, sql` union all `)}) as parts
    group by id, part, at_ms`.execute(db);
  return result.rows.map(({ at_ms: atMs, ...row }) => ({ ...row, atMs }));
}

/** The last of the first whole days that is not after the row's day. */
function segmentOf(time: "day" | "hour", startsMs: readonly number[]): RawBuilder<unknown> {
  const firstDays = [...new Set(startsMs.map(firstDayOf))].sort((a, b) => b - a);
  const cases = firstDays.map((day) => sql`when ${sql.ref(time)} >= ${sql.lit(day)} then ${sql.lit(day)}`);
  return sql`'body' as part, cast(case ${sql.join(cases, sql` `)} else -1 end as bigint) as at_ms`;
}

function before({ fromMs, toMs }: Range, column: RawBuilder<unknown>, edge: RawBuilder<unknown>): RawBuilder<unknown>[] {
  // Those that have only started are in no roll-up.
  const attempts = sql`select ${column} as id, ${edge}, -cost_nano_usd as cost from attempts
    where started_at >= ${fromMs} and started_at < ${toMs} and state <> 'started' and cost_nano_usd is not null
    and ${column} in (select id from asked)`;
  const adjusted = sql`select ${column} as id, ${edge}, -delta_nano_usd as cost from adjustments
    where attempt_started_at >= ${fromMs} and attempt_started_at < ${toMs} and ${column} in (select id from asked)`;
  return [attempts, adjusted];
}
