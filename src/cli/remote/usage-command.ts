// `headgate usage`: requests, tokens and cost of a running Headgate.
import type { Command } from "commander";
import type { z } from "zod";
import type { UsageRowBody, usageReport } from "../../api/usage.ts";
import { parseDurationMs } from "../../core/duration.ts";
import { type RemoteOptions, type RunRemote, remoteCommand } from "./remote.ts";
import { type Column, table } from "./table.ts";

interface UsageOptions extends RemoteOptions {
  from?: string;
  to?: string;
  by?: string;
  bucket?: string;
}

export function usageCommand(program: Command, run: RunRemote): void {
  remoteCommand(program, "usage", "requests, tokens and cost of a running Headgate")
    .option("--from <when>", "a time, a date, or a duration before now such as 7d (default: 24h)")
    .option("--to <when>", "the same (default: now)")
    .option("--by <dimensions>", "comma-separated: model, endpoint, key, user, group")
    .option("--bucket <size>", "hour or day")
    .action((options: UsageOptions) =>
      run(options, async ({ client, isJson, print, note, nowMs, terminal }) => {
        const { from, to, by, bucket } = options;
        const query = { from: momentOf(from, nowMs), to: momentOf(to, nowMs), group_by: by, bucket };
        const { text, body } = await client.get<z.output<typeof usageReport>>("/usage", query);
        if (isJson) return print(text);
        note(`From ${minute(body.from)} to ${minute(body.to)} (UTC)`);
        if (body.data.length === 0) return note("Nothing was asked in this time.");
        print(table(columns(body.data), body.data, terminal.style));
        const remark = remarkOn(body.data);
        if (remark !== "") note(remark);
      }),
    );
}

/** "7d" is seven days ago; the rest is for the API to read. */
function momentOf(text: string | undefined, nowMs: number): string | undefined {
  const agoMs = text === undefined ? null : parseDurationMs(text);
  return agoMs === null ? text : new Date(nowMs - agoMs).toISOString();
}

const minute = (time: string) => time.slice(0, 16).replace("T", " ");

function columns(rows: readonly UsageRowBody[]): Column<UsageRowBody>[] {
  const number = (head: string, cell: Column<UsageRowBody>["cell"]): Column<UsageRowBody> => ({ head, cell, align: "right" });
  const has = (name: keyof UsageRowBody) => rows.some((row) => row[name] !== undefined);
  const dimensions: (Column<UsageRowBody> & { of: keyof UsageRowBody })[] = [
    { of: "bucket", head: "time (UTC)", cell: ({ bucket }) => bucket && minute(bucket) },
    { of: "model", head: "model", cell: ({ model }) => model ?? "-" },
    { of: "endpoint", head: "endpoint", cell: ({ endpoint }) => endpoint ?? "-" },
    { of: "key", head: "key", cell: ({ key_name, key }) => key_name ?? key ?? "-" },
    { of: "user", head: "user", cell: ({ user_name, user }) => user_name ?? user ?? "-" },
    { of: "group", head: "group", cell: ({ group_name, group }) => group_name ?? group ?? "-" },
  ];
  return [
    ...dimensions.filter(({ of }) => has(of)),
    number("requests", ({ requests }) => grouped(requests)),
    number("errors", ({ errors }) => grouped(errors)),
    number("input", ({ input_tokens }) => grouped(input_tokens)),
    number("cached", ({ cached_input_tokens }) => grouped(cached_input_tokens)),
    number("output", ({ output_tokens }) => grouped(output_tokens)),
    number("cost (USD)", ({ cost_usd }) => (cost_usd === null ? "-" : cost_usd.toFixed(4))),
  ];
}

/** 1234567 → 1,234,567. */
function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** Nothing where every count came from a provider and had a price. */
function remarkOn(rows: readonly UsageRowBody[]): string {
  const sum = (of: (row: UsageRowBody) => number) => rows.reduce((total, row) => total + of(row), 0);
  const all = sum(({ requests }) => requests);
  const share = (count: number, what: string) => (count === 0 ? [] : [`${grouped(count)} of ${grouped(all)} requests ${what}`]);
  const estimated = share(
    sum(({ estimated_requests }) => estimated_requests),
    "have estimated token counts",
  );
  const unpriced = share(
    sum(({ unpriced_requests }) => unpriced_requests),
    "have no price",
  );
  return [...estimated, ...unpriced].join("; ");
}
