// One manifest in memory: its state, when it is due, the fetch under way, and the lines that its changes put into the log.
import type { Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { ManifestRow } from "../../storage/ports/manifests.ts";
import type { AppliedEntry, AppliedManifest } from "./apply-manifest.ts";
import { appliedOf, lastErrorOf, type ManifestError, type ManifestState, type ManifestStatus } from "./manifest-state.ts";

export class FollowedManifest {
  readonly id: string;
  timer: Timer | null = null;
  /** All who want a fetch while one is under way share it. */
  flight: Promise<void> | null = null;
  /** Looks in a row that brought nothing, for whatever reason. */
  failures = 0;
  readonly #log: Logger;
  #name: string;
  #url: string;
  #intervalMs: number;
  #hasCopy = false;
  #lastSuccessAtMs: number | null;
  #lastError: ManifestError | null;
  #sinceMs: number | null;
  #entries: readonly AppliedEntry[] = [];
  /** What the log knows: whether fetches fail, and each entry's problem. */
  #isFailing = false;
  #problems = new Map<string, string>();

  constructor(row: ManifestRow, nowMs: number, log: Logger) {
    this.id = row.id;
    this.#log = log;
    this.#name = row.name;
    this.#url = row.url;
    this.#intervalMs = row.interval_ms;
    this.#hasCopy = row.content !== null;
    this.#lastSuccessAtMs = row.last_success_at;
    this.#lastError = lastErrorOf(row);
    this.#sinceMs = this.#lastError?.atMs ?? (this.#hasCopy ? null : nowMs);
    this.#entries = appliedOf(row);
  }

  /** What another replica fetched, or failed to. */
  told(row: ManifestRow, nowMs: number): void {
    this.take(row);
    this.#lastSuccessAtMs = row.last_success_at;
    this.#lastError = lastErrorOf(row);
    this.#entries = appliedOf(row);
    this.#isFailing = this.#lastError !== null;
    this.#sinceMs = this.status === "ok" ? null : (this.#sinceMs ?? this.#lastError?.atMs ?? nowMs);
  }

  /** When the next fetch is due, by what the last one was; at once where there was none. */
  get dueAtMs(): number {
    const lastMs = Math.max(this.#lastSuccessAtMs ?? 0, this.#lastError?.atMs ?? 0);
    return this.#hasCopy ? lastMs + this.#intervalMs : 0;
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  get hasCopy(): boolean {
    return this.#hasCopy;
  }

  get name(): string {
    return this.#name;
  }

  /** The row may have been changed by another process. */
  take(row: ManifestRow): void {
    this.#name = row.name;
    this.#url = row.url;
    this.#intervalMs = row.interval_ms;
    this.#hasCopy = row.content !== null;
  }

  applied({ row, entries, moved }: AppliedManifest, isFetched: boolean): void {
    this.take(row);
    this.#entries = entries;
    for (const { key, from, to } of moved) {
      this.#log.warn(
        { manifest: this.#name, entry: key, from, to },
        "an entry of a manifest points to another server now; its key goes there",
      );
    }
    const problems = new Map(entries.flatMap(({ key, error }) => (error === null ? [] : [[key, error] as const])));
    for (const [entry, problem] of problems) {
      if (this.#problems.get(entry) !== problem) {
        this.#log.warn({ manifest: this.#name, entry, problem }, "an entry of a manifest has a problem");
      }
    }
    this.#problems = problems;
    if (!isFetched) return;
    this.#lastSuccessAtMs = row.last_success_at;
    this.#lastError = null;
    this.#sinceMs = null;
    if (this.#isFailing) this.#log.info({ manifest: this.#name }, "a manifest can be had again");
    this.#isFailing = false;
  }

  failed(error: ManifestError): void {
    this.#lastError = error;
    this.#sinceMs ??= error.atMs;
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { stage, detail } = error;
    const message = this.#hasCopy
      ? "a manifest can't be had; its last good copy stays in use"
      : "a manifest can't be had, and there is no copy of it: its models are not there until it can";
    this.#log.warn({ manifest: this.#name, stage, detail }, message);
  }

  get status(): ManifestStatus {
    if (!this.#hasCopy) return "never_loaded";
    return this.#lastError === null ? "ok" : "stale";
  }

  state(): ManifestState {
    return {
      id: this.id,
      name: this.#name,
      url: this.#url,
      status: this.status,
      lastSuccessAtMs: this.#lastSuccessAtMs,
      lastError: this.#lastError,
      sinceMs: this.#sinceMs,
      entries: this.#entries,
    };
  }
}
