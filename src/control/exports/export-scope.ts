// What an export may hold: how far the reach of whoever asked for it went when they asked.
import type { Action, Reach } from "../../domain/policy.ts";

export const exportKinds = ["requests", "usage", "audit"] as const;
export type ExportKind = (typeof exportKinds)[number];

/** What somebody has to be allowed to read. */
export const readingOf = {
  requests: "requests.read",
  usage: "usage.read",
  audit: "audit.read",
} as const satisfies Record<ExportKind, Action>;

/** As `exports.scope` keeps it. */
export interface ExportScope {
  reach: Reach;
  /** Null: the installation's, which reaches everything. */
  userId: string | null;
  /** Of the groups that they manage; empty unless `reach` is `groups`. */
  groupIds: readonly string[];
  /** Groups whose names are shown; null: all. */
  knownGroupIds: readonly string[] | null;
  /** Whether endpoints are shown. */
  endpoints: boolean;
}
