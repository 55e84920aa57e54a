// Asks the endpoints that want it, at their intervals, whether they work, and reports the answers by deployment.
import type { Clock, Timer } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { SnapshotContent } from "../../domain/snapshot.ts";
import type { ProbeOutcome } from "./probe-outcome.ts";
import { probeRound } from "./probe-round.ts";
import { type ProbedEndpoint, probedEndpoints } from "./probed-endpoints.ts";
import { Slots } from "./slots.ts";

export interface ProbeResult {
  ok: boolean;
  /** "models: ok", "completion: http 503", "models: timeout": of a bounded set, without hosts or secrets. */
  cause: string;
  latencyMs: number;
}

export interface ProbeScheduleOptions {
  /** What is configured now; null: not known yet. */
  current(): Pick<SnapshotContent, "endpoints" | "models"> | null;
  /** Takes one result; only for deployments that are active. */
  report(deploymentId: string, result: ProbeResult): void;
  clock: Clock;
  log: Logger;
  /** From 0 to 1; default Math.random. */
  random?: () => number;
}

/** Questions to all endpoints at once. */
const atOnceMax = 16;
/** A timer may not be longer than 2^31 ms; longer waits are taken in days. */
const longestTimerMs = 86_400_000;

/** An endpoint for as long as neither it nor its probe is edited. */
interface Entry {
  probed: ProbedEndpoint;
  timer: Timer | null;
  /** Of the round under way; aborted when the entry is dropped. */
  round: AbortController | null;
  hasListed: boolean;
  /** Ids of which it is logged that their probe says nothing. */
  neutral: Set<string>;
}

/**
 * Every endpoint with a probe is asked within the first tenth of its interval and then at the interval ± 10 %, a round at
 * a time; a round that outlasts its interval is not followed by another at once. What is edited begins anew, all else
 * keeps its time. Nothing happens before the first `changed()`.
 *
 * Probes are no calls: they are in nobody's ledger and limits. A completion probe costs a token or so at the provider, per
 * deployment and interval, which is why an endpoint has none unless it is given one.
 */
export class ProbeSchedule {
  readonly #options: ProbeScheduleOptions;
  readonly #random: () => number;
  readonly #slots = new Slots(atOnceMax);
  readonly #entries = new Map<string, Entry>();
  readonly #rounds = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: ProbeScheduleOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Follows what is configured now. To be called whenever endpoints or models have changed; the first call starts the schedule. */
  changed(): void {
    if (this.#stopped) return;
    const probed = probedEndpoints(this.#options.current());
    for (const [id, entry] of this.#entries) {
      const now = probed.get(id);
      if (now === undefined || !isSame(now, entry.probed)) this.#drop(id, entry);
      else entry.probed = now;
    }
    for (const [id, now] of probed) {
      if (this.#entries.has(id)) continue;
      const entry: Entry = { probed: now, timer: null, round: null, hasListed: false, neutral: new Set() };
      this.#entries.set(id, entry);
      this.#arm(id, entry, (this.#random() * now.probe.intervalMs) / 10);
    }
  }

  /** Gives up what is under way, unreported, and starts nothing more; resolves when no round is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const [id, entry] of this.#entries) this.#drop(id, entry);
    await Promise.all(this.#rounds);
  }

  #arm(id: string, entry: Entry, delayMs: number): void {
    const waitMs = Math.min(delayMs, longestTimerMs);
    entry.timer = this.#options.clock.after(waitMs, () => {
      entry.timer = null;
      // What changed without a word is noticed here.
      this.changed();
      if (this.#entries.get(id) !== entry) return;
      if (delayMs > waitMs) return this.#arm(id, entry, delayMs - waitMs);
      const round = this.#run(id, entry).finally(() => this.#rounds.delete(round));
      this.#rounds.add(round);
    });
  }

  async #run(id: string, entry: Entry): Promise<void> {
    const { clock, log } = this.#options;
    const { probed, hasListed } = entry;
    const { intervalMs } = probed.probe;
    const startedAtMs = clock.nowMs();
    const round = new AbortController();
    entry.round = round;
    try {
      await probeRound(probed, {
        hasListed,
        slots: this.#slots,
        signal: round.signal,
        tell: (deploymentId, outcome) => this.#take(entry, deploymentId, outcome),
      });
    } catch (err) {
      log.error({ err, endpoint: probed.endpoint.name }, "a probe could not be carried out");
    }
    entry.round = null;
    if (this.#entries.get(id) !== entry) return;
    // A wall clock that is put back must not put off the next round.
    const tookMs = Math.max(0, clock.nowMs() - startedAtMs);
    const delayMs = this.#jittered(intervalMs);
    this.#arm(id, entry, delayMs > tookMs ? delayMs - tookMs : delayMs);
  }

  #take(entry: Entry, deploymentId: string | null, { verdict, cause, latencyMs }: ProbeOutcome): void {
    const { report, log } = this.#options;
    // The deployments of now: one that went during the round has no health any more.
    const { endpoint, probe, deployments } = entry.probed;
    if (verdict === "neutral") {
      this.#noteNeutral(entry, deploymentId, cause);
      return;
    }
    if (probe.kind === "models" && verdict === "ok") entry.hasListed = true;
    const result = { ok: verdict === "ok", cause: `${probe.kind}: ${cause}`, latencyMs };
    for (const concerned of deploymentId === null ? deployments.keys() : [deploymentId]) {
      if (!deployments.has(concerned)) continue;
      try {
        report(concerned, result);
      } catch (err) {
        log.error({ err, endpoint: endpoint.name, deployment_id: concerned }, "the result of a probe could not be reported");
      }
    }
  }

  #noteNeutral({ probed, neutral }: Entry, deploymentId: string | null, cause: string): void {
    const { endpoint, probe, deployments } = probed;
    const subject = deploymentId ?? endpoint.id;
    if (neutral.has(subject)) return;
    for (const known of neutral) if (known !== endpoint.id && !deployments.has(known)) neutral.delete(known);
    neutral.add(subject);
    const fields = { endpoint: endpoint.name, deployment_id: deploymentId, probe: probe.kind, cause };
    this.#options.log.debug(fields, "a probe says nothing about health; not logged again");
  }

  #drop(id: string, entry: Entry): void {
    entry.timer?.cancel();
    entry.round?.abort();
    this.#entries.delete(id);
  }

  /** ± 10 %, so that endpoints made together do not stay together. */
  #jittered(ms: number): number {
    return ms * (0.9 + 0.2 * this.#random());
  }
}

function isSame(now: ProbedEndpoint, before: ProbedEndpoint): boolean {
  if (now.endpoint.version !== before.endpoint.version) return false;
  const { kind, intervalMs, timeoutMs } = before.probe;
  return now.probe.kind === kind && now.probe.intervalMs === intervalMs && now.probe.timeoutMs === timeoutMs;
}
