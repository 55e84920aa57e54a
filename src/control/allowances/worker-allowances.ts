// Allowances in a worker process: leases of whoever counts, over the channel to control or, where it is configured, from Redis.
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { Secret } from "../../core/secret.ts";
import type { SnapshotContent, SnapshotPatch } from "../../domain/snapshot.ts";
import { budgetHolders } from "./budget-holders.ts";
import type { LeaseAuthority } from "./leases/lease-authority.ts";
import type { ExchangeState } from "./leases/lease-exchange.ts";
import { LeasedAllowances } from "./leases/leased-allowances.ts";
import { RedisAuthority } from "./redis/redis-authority.ts";
import type { SpendReader } from "./spend-reader.ts";

export interface WorkerAllowancesOptions {
  /** `url` null: control is asked. */
  redis: { url: Secret | null; timeoutMs: number };
  /** Control's, over the channel; its `refill` rejects while nobody answers. */
  authority: LeaseAuthority;
  /** The longest that a call waits for control. */
  timeoutMs: number;
  /** Asks control. */
  reader: SpendReader;
  processId: string;
  /** How many processes share, as first guessed. */
  processes: number;
  /** What control knew of accounts when this process began, by name. */
  knownSpend?: ReadonlyMap<string, number>;
  /** Whether the ledger has all that is in this process's spool. */
  hasCaughtUp: () => boolean;
  clock: Clock;
  log: Logger;
  /** Time that is never set back; default: the process's own. */
  monotonicMs?: () => number;
  /** `error` is null when it is back. */
  onState?: (state: ExchangeState, error: Error | null) => void;
}

export class WorkerAllowances {
  /** The gateway's AllowanceSource. */
  readonly authority: LeasedAllowances;
  readonly #log: Logger;

  private constructor(authority: LeasedAllowances, log: Logger) {
    this.authority = authority;
    this.#log = log;
  }

  /** Meets the authority; one that is away keeps nobody from starting. */
  static async open({ redis, knownSpend = new Map(), log, ...options }: WorkerAllowancesOptions): Promise<WorkerAllowances> {
    if (redis.url === null) {
      const ofControl = new WorkerAllowances(new LeasedAllowances({ ...options, isNear: true, saved: knownSpend }), log);
      await ofControl.authority.start();
      return ofControl;
    }
    const authority = new RedisAuthority({ url: redis.url });
    await authority.connected();
    const { timeoutMs } = redis;
    const onState = (state: ExchangeState, error: Error | null) => {
      if (state.status === "away") log.error({ err: error }, "Redis is away: calls are admitted within this process's share");
      else log.info({}, "Redis answers: limits and budgets hold for all processes together");
      options.onState?.(state, error);
    };
    const ofRedis = new WorkerAllowances(
      new LeasedAllowances({ ...options, authority, timeoutMs, onState, saved: knownSpend }),
      log,
    );
    await ofRedis.authority.start();
    return ofRedis;
  }

  /** The channel is there (again): asks at once, so that calls need not do with this process's share any longer. */
  async meet(): Promise<void> {
    await this.authority.meet();
  }

  /** Before calls draw on the budgets of `part`. Where control can't say what was spent, what is known here has to do for the time being. */
  readonly prepare = async (part: SnapshotContent | SnapshotPatch): Promise<void> => {
    // Else the first calls would have to do with this process's share.
    if (this.authority.state.status === "away") await this.authority.meet();
    try {
      await this.authority.ensure(budgetHolders(part));
    } catch (error) {
      this.#log.warn({ err: error }, "what was spent of budgets can't be read yet: each counts from what is known here");
    }
  };

  /** Gives everything back that is not in use. */
  async stop(): Promise<void> {
    await this.authority.stop();
  }
}
