// Synchronises endpoints with their providers: fetch, reconcile, write, publish; one at a time for each endpoint.
import type { Cipher } from "../../core/cipher.ts";
import type { Clock } from "../../core/clock.ts";
import { HeadgateError } from "../../core/errors.ts";
import type { Logger } from "../../core/logger.ts";
import type { EndpointRow } from "../../storage/ports/endpoints.ts";
import { UniqueViolation } from "../../storage/ports/errors.ts";
import type { Repositories, Storage } from "../../storage/ports/storage.ts";
import { type AppliedListing, applyListing } from "./apply-listing.ts";
import { fetchListing } from "./fetch-listing.ts";
import type { ListOptions } from "./list-connection.ts";
import type { ListFailure, Listing } from "./listing.ts";
import type { SyncRunView, SyncTrigger } from "./sync-run.ts";

export interface SynchronizerDeps {
  storage: Storage;
  cipher: Cipher;
  clock: Clock;
  log: Logger;
  /** Called after a commit that changed what the snapshot shows. */
  onChanged(): Promise<void>;
  /** For tests: limits and the resolver of the listing. */
  listOptions?: Partial<ListOptions>;
}

export interface SynchronizeOptions {
  trigger: SyncTrigger;
  /** Take offline what the guard would keep. */
  confirm?: boolean;
  /** Say what would happen and write nothing. */
  dryRun?: boolean;
  /** Called in the transaction that writes the run: what it throws takes the run back. Not called for a dry run. */
  onWritten?: OnWritten;
  /** Gives the fetch up; the call then rejects and nothing is recorded. Calls that joined it share its fate. */
  signal?: AbortSignal;
}

type OnWritten = (repositories: Repositories, endpoint: EndpointRow, run: SyncRunView) => Promise<void>;

interface Job {
  kind: string;
  result: Promise<SyncRunView>;
  /** Of all who have joined; null once the run is being written, after which nobody can join any more. */
  onWritten: OnWritten[] | null;
}

/** What a run is at. `listing`: asking the provider; `writing`: into the database; `publishing`: to the data plane. */
type SyncStage = "listing" | "writing" | "publishing";

export interface SyncProgress {
  trigger: SyncTrigger;
  startedAtMs: number;
  stage: SyncStage;
}

export interface Synchronizer {
  /**
   * Synchronises one endpoint. What the provider does wrong is in the run, not thrown. Asked for the same thing while
   * it is at it, it gives both callers the one result. Throws HeadgateError not_found, and what storage throws.
   */
  synchronize(endpointId: string, options: SynchronizeOptions): Promise<SyncRunView>;
  /** The run that is under way in this process; null: none, or a dry one. */
  inProgress(endpointId: string): SyncProgress | null;
}

/** How often a run starts over because the endpoint or a name changed under it. */
const maxTries = 3;

export function createSynchronizer(deps: SynchronizerDeps): Synchronizer {
  const { storage, cipher, clock, log, onChanged } = deps;
  const jobs = new Map<string, Job>();
  const underWay = new Map<string, SyncProgress>();

  /** Runs of one endpoint follow one another, so that each finds the place empty. */
  async function shown(endpointId: string, options: SynchronizeOptions, joined: () => OnWritten[]): Promise<SyncRunView> {
    const progress: SyncProgress = { trigger: options.trigger, startedAtMs: clock.nowMs(), stage: "listing" };
    if (options.dryRun !== true) underWay.set(endpointId, progress);
    try {
      return await run(endpointId, options, joined, progress);
    } finally {
      underWay.delete(endpointId);
    }
  }

  async function run(
    endpointId: string,
    options: SynchronizeOptions,
    joined: () => OnWritten[],
    progress: SyncProgress,
  ): Promise<SyncRunView> {
    const { startedAtMs } = progress;
    for (let tries = 1; ; tries++) {
      const endpoint = await storage.endpoints.get(endpointId);
      if (endpoint === null) throw new HeadgateError("not_found", { message: "There is no such endpoint." });
      progress.stage = "listing";
      const listing = await fetchListing(endpoint, cipher, { ...deps.listOptions, signal: options.signal });
      options.signal?.throwIfAborted();
      progress.stage = "writing";
      const applied = await apply(endpoint, listing, startedAtMs, options, joined);
      progress.stage = "publishing";
      if (applied !== "stale") return await finish(endpoint, listing, applied);
      if (tries === maxTries) throw new HeadgateError("stale", { message: "The endpoint keeps changing. Synchronize again." });
    }
  }

  /** Writes the listing, or finds that the endpoint was edited while it was fetched and that it may be another provider's. */
  async function apply(
    fetchedFrom: EndpointRow,
    listing: Listing | ListFailure,
    startedAtMs: number,
    { trigger, confirm, dryRun }: SynchronizeOptions,
    joined: () => OnWritten[],
  ): Promise<AppliedListing | "stale"> {
    for (let tries = 1; ; tries++) {
      try {
        return await storage.transaction(async (repositories) => {
          // Another replica that synchronises the same endpoint at this moment waits here, and then finds everything done.
          const endpoint = await repositories.endpoints.getLocked(fetchedFrom.id);
          if (endpoint?.version !== fetchedFrom.version) return "stale";
          const facts = { trigger, startedAtMs, finishedAtMs: clock.nowMs(), confirm, dryRun };
          const applied = await applyListing(repositories, endpoint, listing, facts);
          if (dryRun !== true) for (const onWritten of joined()) await onWritten(repositories, endpoint, applied.run);
          return applied;
        });
      } catch (error) {
        // Another process created a model of the same name at the same moment: now it is there to be used.
        if (!(error instanceof UniqueViolation) || tries === maxTries) throw error;
      }
    }
  }

  async function finish(endpoint: EndpointRow, listing: Listing | ListFailure, { run: result, changed }: AppliedListing) {
    const fields = {
      endpoint: endpoint.name,
      trigger: result.trigger,
      sync_run: result.id,
      status: result.status,
      stage: result.stage,
      ...(listing.ok ? result.counts : { code: listing.code }),
    };
    if (result.status === "ok") log.info(fields, "endpoint synchronised");
    else log.warn({ ...fields, reason: result.error }, "endpoint not synchronised");
    if (changed) {
      // The change stands; whoever publishes catches up by the configuration's version.
      await onChanged().catch((err: unknown) => log.error({ err }, "a synchronisation could not be published yet"));
    }
    return result;
  }

  return {
    inProgress: (endpointId) => underWay.get(endpointId) ?? null,

    synchronize(endpointId, options) {
      const kind = `${options.dryRun === true} ${options.confirm === true}`;
      const running = jobs.get(endpointId);
      const own = options.onWritten === undefined ? [] : [options.onWritten];
      if (running?.kind === kind && (running.onWritten !== null || own.length === 0)) {
        running.onWritten?.push(...own);
        return running.result;
      }
      const before = running === undefined ? Promise.resolve() : running.result.catch(() => {});
      const all = [...own];
      const joined = () => {
        job.onWritten = null;
        return all;
      };
      const result = before.then(() => shown(endpointId, options, joined));
      const job: Job = { kind, result, onWritten: all };
      jobs.set(endpointId, job);
      const forget = () => {
        if (jobs.get(endpointId) === job) jobs.delete(endpointId);
      };
      result.then(forget, forget);
      return result;
    },
  };
}
