// The ledger: records in, requests and spending out, corrections.
import type { LedgerRecord } from "../../domain/ledger-record.ts";
import type { AdjustmentsTable, AttemptsTable } from "../schema/ledger.ts";
import type { OwnedBy } from "./owned-by.ts";
import type { Page, PageRequest } from "./page.ts";
import type { UpstreamUsageQuery, UpstreamUsageRow, UsageQuery, UsageRow } from "./usage.ts";

export type AttemptRow = AttemptsTable;
export type AdjustmentRow = AdjustmentsTable;

export interface RequestFilter {
  model?: string | undefined;
  endpoint?: string | undefined;
  keyId?: string | undefined;
  userId?: string | undefined;
  /** The group that pays. */
  groupId?: string | undefined;
  requestId?: string | undefined;
  /** ok: settled, status < 400, no error. error: everything settled or interrupted that is not ok. */
  outcome?: "ok" | "error" | undefined;
  fromMs?: number | undefined;
  toMs?: number | undefined;
  ownedBy?: OwnedBy | undefined;
}

/** The side of the ledger that is written to. */
export interface LedgerIntake {
  /**
   * Takes records in any order, any number of times, in one transaction: a settled record wins over a started or
   * interrupted row, a started one never replaces anything. Roll-ups change exactly once per attempt, with the row. The ids of
   * answers that providers keep go to `responses`. Returns how many rows of attempts changed.
   */
  ingest(records: Iterable<LedgerRecord>): Promise<number>;
  /** Marks the attempts that `processId` left unsettled as interrupted, in roll-ups too. Returns their number. Tokens stay the started record's estimate of the input. */
  interrupt(processId: string, nowMs: number): Promise<number>;
}

/** Something that has a budget: a key, a user, a paying group by their ids, or a model by its public name. */
export interface SpendAccount {
  kind: "key" | "user" | "group" | "model";
  id: string;
  startMs: number;
}

/** A request as its attempts show it, all of them together. */
export interface RecentRequest {
  startedAtMs: number;
  keyId: string | null;
  userId: string | null;
  /** Public name; "": none. */
  model: string;
  tokens: number;
}

export interface LedgerRepository extends LedgerIntake {
  /** Ids of processes that have unsettled attempts. */
  unsettledProcesses(): Promise<string[]>;
  usage(query: UsageQuery): Promise<UsageRow[]>;
  /**
   * Nano-dollars of each account, in their order: of all attempts that are over and began at its `startMs` or later, adjustments
   * included. Exact at any millisecond for as long as the attempts of its first hour are kept; after that, that whole hour counts. Fast
   * for thousands of accounts with few different `startMs`.
   */
  spendOf(accounts: readonly SpendAccount[]): Promise<number[]>;
  /** Of attempts that are over and still there; by day, then model. */
  upstreamUsage(query: UpstreamUsageQuery): Promise<UpstreamUsageRow[]>;
  /** Requests that began from `fromMs` until before `toMs`, by time; when there are more than `limit`, the newest. */
  recentRequests(query: { fromMs: number; toMs: number; limit: number }): Promise<RecentRequest[]>;
  /** The hours of which there is usage, from the first to the end of the last, ms; null: there is none. */
  usageSpan(): Promise<{ fromMs: number; toMs: number } | null>;
  /**
   * Sums the days that have changed and ended before `nowMs`, so that reports over many days have few rows to add up; until then they
   * add up their hours. Returns how many days.
   */
  sumDays(nowMs: number): Promise<number>;
  /** Bucket counts (core/histogram.ts) of all latencies in the range. */
  latency(query: { fromMs: number; toMs: number; metric: "duration" | "ttft"; model?: string }): Promise<Map<number, number>>;
  /** The last attempt of each request (final = 1), newest first. */
  pageOfRequests(filter: RequestFilter, request: PageRequest): Promise<Page<AttemptRow>>;
  /** When the oldest attempt began; null: there is none. */
  oldestMs(): Promise<number | null>;
  /** When the newest request of each of these keys began; one without any is missing. */
  lastUsed(keyIds: readonly string[]): Promise<Map<string, number>>;
  /** All attempts of these requests, in order. */
  attemptsOf(requestIds: readonly string[]): Promise<AttemptRow[]>;
  /** Prepares the database for the attempts to come, where it has tables for each month; to be called every day at least. */
  prepareMonths(nowMs: number): Promise<void>;
  /** With their adjustments. The roll-ups stay. Returns how many; about, where whole months are dropped. */
  deleteBefore(timeMs: number): Promise<number>;
}

/** Corrections of what attempts have cost. Entries are added, never changed; they go with their attempts (LedgerRepository.deleteBefore). */
export interface AdjustmentRepository {
  /** Adds them, and the same change to the roll-ups. */
  insert(rows: readonly AdjustmentRow[]): Promise<void>;
  /** By the attempt's id, oldest first; those without any are missing. */
  ofAttempts(attempts: readonly Pick<AttemptRow, "started_at" | "id">[]): Promise<Map<string, AdjustmentRow[]>>;
  /**
   * Attempts that are over, from the oldest up, those behind `after`, with their adjustments. `forUpdate`: nobody else can change or adjust
   * them until the transaction that is under way ends.
   */
  settledAttempts(
    range: { fromMs: number; toMs: number; model?: string | undefined },
    after: Pick<AttemptRow, "started_at" | "id"> | null,
    options: { limit: number; forUpdate: boolean },
  ): Promise<{ attempt: AttemptRow; adjustments: AdjustmentRow[] }[]>;
}
