// The composition root: constructs every part, wires ports to what implements them, starts, drains and stops them in order.
import type { SystemState } from "./api/system.ts";
import { AdminAccess } from "./app/admin-access.ts";
import { CallSources } from "./app/call-sources.ts";
import { createMetrics } from "./app/create-metrics.ts";
import { DataPlane, spoolDirOf } from "./app/data-plane.ts";
import { openAdminApi } from "./app/open-admin-api.ts";
import { openListeners, type Urls } from "./app/open-listeners.ts";
import { prepareDatabase } from "./app/prepare-database.ts";
import { watchDatabase } from "./app/watch-database.ts";
import type { Config } from "./config/config.ts";
import { openableUrl } from "./config/openable-url.ts";
import { createExportRuns } from "./control/admin/exports/create-export-runs.ts";
import type { AdminApi } from "./control/admin/server.ts";
import { presentProcesses } from "./control/admin/system/present-processes.ts";
import { systemState } from "./control/admin/system/system-state.ts";
import { type Allowances, createAllowances } from "./control/allowances/create-allowances.ts";
import { StorageSpendReader } from "./control/allowances/storage-spend-reader.ts";
import { openDashboard } from "./control/dashboard/dashboard.ts";
import { createSyncSchedule } from "./control/discovery/schedule.ts";
import { createSynchronizer } from "./control/discovery/synchronize.ts";
import { announceSyncs } from "./control/events/announce-syncs.ts";
import { atMostEvery } from "./control/events/at-most-every.ts";
import { topicsOfSnapshot } from "./control/events/changed-topics.ts";
import { EventHub } from "./control/events/event-hub.ts";
import { watchHealth } from "./control/events/health-watch.ts";
import { ThreadedLedgerWriter } from "./control/ledger/threaded-ledger-writer.ts";
import { ManifestSync } from "./control/manifest/manifest-sync.ts";
import { SeenManifests } from "./control/manifest/seen-manifests.ts";
import { PriceBook } from "./control/prices/price-book.ts";
import { countUnpriced } from "./control/prices/unpriced-models.ts";
import { watchPrices } from "./control/prices/watch-prices.ts";
import { ProbeSchedule } from "./control/probe/probe-schedule.ts";
import { Publisher } from "./control/publish-snapshot.ts";
import { leasedProbes, leasedSyncSchedule } from "./control/replicas/leased-schedule.ts";
import { presentReplicas } from "./control/replicas/present-replicas.ts";
import { Replicas } from "./control/replicas/replicas.ts";
import { setupLinkOfStart } from "./control/replicas/setup-link.ts";
import { startRetention } from "./control/retention.ts";
import { issueFirstAdminToken } from "./control/seed.ts";
import { SnapshotFile } from "./control/snapshot-file.ts";
import { startSummingDays } from "./control/sum-usage-days.ts";
import { Cipher } from "./core/cipher.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import { newId } from "./core/ids.ts";
import type { RequestLogger } from "./core/logger.ts";
import type { Secret } from "./core/secret.ts";
import { isAdminPath } from "./domain/side-paths.ts";
import { HttpClient } from "./egress/http-client.ts";
import { chargesOfRequests } from "./gateway/allowances/charges-of-request.ts";
import type { Snapshot } from "./gateway/snapshot.ts";
import { DataPlanes } from "./processes/data-planes.ts";
import { orphansIn } from "./processes/orphans.ts";
import { WorkerHub } from "./processes/worker-hub.ts";
import { lockDataDir } from "./storage/data-dir-lock.ts";
import { openStorage } from "./storage/open-storage.ts";
import { StorageUnavailable } from "./storage/ports/errors.ts";
import type { Storage } from "./storage/ports/storage.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { Readiness } from "./telemetry/readiness.ts";
import { programVersion } from "./version.ts";

export interface AppOptions {
  config: Config;
  dataDir: string;
  secretKey: Secret;
  log: RequestLogger;
  /** What is odd about the configuration, for the System page; without secrets. */
  warnings?: readonly string[];
  clock?: Clock;
  /** Where the built dashboard is; default: beside the program. */
  dashboardDir?: string;
  /** Gateway workers serve the calls, and this process is their control. Left out: it serves them itself. */
  workers?: WorkersOptions;
}

/** What control has to know of its workers. */
export interface WorkersOptions {
  count: number;
  /** That callers reach them at. */
  port: number;
  channelPath: string;
  /** Where they forward what is no call. */
  httpPath: string;
  /** The names in the ledger of those that live. */
  liveProcessIds: readonly string[];
  /** Workers serve already, and what they have admitted they tell. */
  isReplacement: boolean;
}

export interface Started extends Urls {
  /** Non-null only when this start created the database. */
  adminToken: string | null;
  /** Makes the first administrator; null: there is one, or the database is away. */
  setupLink: string | null;
}

export interface App {
  start(): Promise<Started>;
  /** Refuses new work, lets calls in flight finish (up to `server.drain_timeout`), stops. */
  drain(): Promise<void>;
  /** Stops at once; calls in flight are cut. */
  stop(): Promise<void>;
  /** With workers: /readyz says that it is draining, while they drain. */
  draining(): void;
  /** With workers: those that live now, by their names in the ledger. What others have left behind is closed. */
  setLiveWorkers(processIds: readonly string[]): void;
}

/** A control process whose supervisor was killed needs a moment to end. */
const predecessorMs = 8000;
/** For workers that end with control, and still write. */
const workersEndMs = 3000;

export function createApp(options: AppOptions): App {
  return new HeadgateApp(options);
}

class HeadgateApp implements App {
  readonly #options: AppOptions;
  readonly #clock: Clock;
  readonly #log: RequestLogger;
  readonly #events: EventHub;
  readonly #readiness = new Readiness(() => this.#events.publishHere("system"));
  readonly #access: AdminAccess;
  readonly #startedAtMs: number;
  /** What has to be undone at the end, in reverse order. */
  readonly #stops: (() => Promise<void> | void)[] = [];
  #data!: DataPlane;
  /** It, and those of the workers. */
  #planes!: DataPlanes;
  #metrics!: Metrics;
  #probes!: Pick<ProbeSchedule, "changed" | "stop">;
  #replicas!: Replicas;
  #ledgerWriter!: ThreadedLedgerWriter;
  #allowances!: Allowances;
  #storage!: Storage;
  #sources!: CallSources;
  #publisher!: Publisher;
  readonly #manifests: SeenManifests;
  readonly #prices: PriceBook;
  #hub: WorkerHub | null = null;
  #liveWorkers: readonly string[];
  #rereadManifests: () => Promise<void> = async () => {};
  /** For questions of the control plane. */
  readonly #httpClient = new HttpClient({ allowPrivate: true });
  /** False while the database has not been migrated by this start. */
  #databaseReady = false;
  #stopped: Promise<void> | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#events = new EventHub({
      clock: this.#clock,
      tellOthers: (topics) => (this.#replicas as Replicas | undefined)?.shareTopics(topics),
    });
    this.#prices = new PriceBook({ clock: this.#clock, log: this.#log });
    this.#manifests = new SeenManifests(this.#readiness, this.#clock);
    this.#startedAtMs = this.#clock.nowMs();
    this.#liveWorkers = options.workers?.liveProcessIds ?? [];
    this.#access = new AdminAccess({
      config: options.config,
      snapshots: { current: () => this.#current() },
      clock: this.#clock,
      client: this.#httpClient,
    });
  }

  async start(): Promise<Started> {
    try {
      return await this.#start();
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  async #start(): Promise<Started> {
    const { config, dataDir, secretKey } = this.#options;
    const lock = await lockDataDir(dataDir, this.#options.workers === undefined ? 0 : predecessorMs);
    this.#stops.push(() => lock.release());
    await orphansIn(dataDir).awaitEnd(this.#log);
    const cipher = new Cipher(secretKey);
    const snapshotFile = new SnapshotFile(dataDir, cipher, this.#clock, this.#log);
    const processId = newId("p");
    this.#storage = await openStorage({ databaseUrl: config.database.url?.expose() ?? null, dataDir });
    this.#stops.push(() => this.#storage.close());
    this.#replicas = this.#createReplicas(processId);
    this.#stops.push(() => this.#replicas.stop());
    this.#openLedger(processId);
    this.#stops.push(() => this.#httpClient.close());
    await this.#openAllowances(processId);
    this.#metrics = createMetrics({
      parts: () => ({ data: this.#data, bodies: this.#sources.bodies, replicas: this.#replicas, publisher: this.#publisher }),
      ledger: this.#ledgerWriter,
      manifests: this.#manifests,
      readiness: this.#readiness,
      hasRedis: config.redis.url !== null,
      others: this.#options.workers === undefined ? null : async () => (await this.#hub?.series()) ?? [],
      startedAtMs: this.#startedAtMs,
      clock: this.#clock,
    });
    await this.#openDataPlane(processId, snapshotFile, cipher);
    await this.#openHub();
    this.#planes = new DataPlanes({
      own: this.#data,
      hub: this.#hub,
      defaultLimits: config.userDefaultLimits,
      startedAtMs: this.#startedAtMs,
      clock: this.#clock,
    });
    this.#followHealth();

    const publisher = new Publisher({
      storage: this.#storage,
      cipher,
      timeouts: config.timeouts,
      prices: this.#prices,
      target: this.#planes,
      clock: this.#clock,
      beforeApply: this.#allowances.prepare,
      forgetOlder: () => snapshotFile.invalidate(),
      onFollowed: (touched) => {
        if (touched === "all") this.#sources.identity.forget();
        else if (touched.mayShutOut) this.#sources.identity.forget(touched.groups ? undefined : [...touched.userIds]);
        if (touched === "all" || touched.routing) followed();
      },
    });
    this.#publisher = publisher;
    const [prices, publish] = [this.#prices, () => publisher.pricesChanged()];
    this.#stops.push(watchPrices({ prices, publish, clock: this.#clock, log: this.#log }));
    const quietSynchronizer = createSynchronizer({
      storage: this.#storage,
      cipher,
      clock: this.#clock,
      log: this.#log,
      onChanged: () => publisher.changed(),
    });
    const synchronizer = announceSyncs(quietSynchronizer, this.#events);
    const manifests = this.#followManifests(cipher);
    const storage = () => this.#openDatabase();
    const onChanged = () => this.#events.publish("exports");
    const exports = createExportRuns({ storage, dataDir, clock: this.#clock, log: this.#log, onChanged });
    this.#stops.push(() => exports.stop());
    const schedule = leasedSyncSchedule(this.#replicas.leases, () =>
      createSyncSchedule({ storage: this.#storage, synchronizer, clock: this.#clock, log: this.#log }),
    );
    // Endpoints and manifests may have been made, changed or removed by another process.
    const followed = atMostEvery(500, this.#clock, () => {
      if (!this.#databaseReady || !isPrepared) return;
      Promise.all([manifests.reread(), schedule.follow()]).catch((err: unknown) => {
        if (!(err instanceof StorageUnavailable)) this.#log.error({ err }, "a change of the configuration could not be followed");
      });
    });
    let isPrepared = false;
    this.#stops.push(() => schedule.stop());

    const prepare = async () => {
      await prepareDatabase({
        config,
        storage: this.#storage,
        cipher,
        replicas: this.#replicas,
        ledgerWriter: this.#ledgerWriter,
        manifests,
        publisher,
        exports,
        synchronizer,
        schedule,
        clock: this.#clock,
        log: this.#log,
        onPublished: () => {
          this.#databaseReady = true;
        },
      });
      isPrepared = true;
      followed();
    };
    const adminApi = await openAdminApi({
      config,
      storage,
      cipher,
      data: this.#data,
      access: this.#access,
      publisher,
      identity: this.#sources.identity,
      synchronizer,
      prices: this.#prices,
      allowances: this.#allowances,
      manifests,
      schedule,
      exports,
      system: () => this.#systemState(),
      seenHealth: (id) => this.#planes.health(id),
      explain: (question) => this.#planes.explain(question),
      events: this.#events,
      clock: this.#clock,
      log: this.#log,
    });
    this.#stops.push(() => adminApi.close());
    // The port first: what can't be had is found out before anything is written, and probes get an answer meanwhile.
    const urls = await this.#listen(adminApi);
    await this.#prepareOrServeFromDisk(prepare, snapshotFile);
    this.#stops.push(
      watchDatabase({
        isReady: () => this.#databaseReady,
        prepare,
        catchUp: () => publisher.catchUp(),
        writeFailure: () => this.#ledgerWriter.failure,
        onLook: () => this.#watchSpools(),
        readiness: this.#readiness,
        clock: this.#clock,
        log: this.#log,
      }),
    );
    this.#stops.push(
      startSummingDays({ storage: this.#replicas.storageFor("usage days", storage), clock: this.#clock, log: this.#log }),
    );
    const isLeader = () => this.#replicas.leases.holds("retention");
    this.#stops.push(startRetention({ storage, isLeader, ...config.retention, exports, clock: this.#clock, log: this.#log }));
    const adminToken = this.#databaseReady ? await issueFirstAdminToken(this.#storage, this.#clock.nowMs()) : null;
    if (adminToken !== null) await publisher.catchUp();
    const setup = this.#databaseReady ? await setupLinkOfStart(this.#storage, processId, this.#clock.nowMs()) : null;
    this.#readiness.ready();
    this.#log.info({ url: urls.url, database: this.#storage.engine, version: programVersion }, "headgate is ready");
    return { ...urls, adminToken, setupLink: setup === null ? null : openableUrl(urls.url) + setup.path };
  }

  #openLedger(processId: string): void {
    const { config, dataDir } = this.#options;
    this.#ledgerWriter = new ThreadedLedgerWriter({
      dir: spoolDirOf(dataDir),
      processId,
      others: this.#options.workers === undefined ? null : this.#liveWorkers,
      databaseUrl: config.database.url?.expose() ?? null,
      dataDir,
      clock: this.#clock,
      log: this.#log,
      onIngested: atMostEvery(1000, this.#clock, () => this.#events.publish("usage")),
      onClosed: (gone) => (this.#allowances as Allowances | undefined)?.forget(gone),
    });
    this.#stops.push(() => this.#ledgerWriter.stop());
  }

  /** Manifests are asked for by themselves; how they are shows in /readyz. */
  #followManifests(cipher: Cipher): ManifestSync {
    const manifests = new ManifestSync({
      storage: () => this.#openDatabase(),
      cipher,
      clock: this.#clock,
      log: this.#log,
      seeds: this.#options.config.manifests,
      client: this.#httpClient,
      onChanged: () => this.#publisher.changed(),
      isLeader: () => this.#replicas.leases.holds("manifests"),
      onFetched: () => this.#replicas.manifestsChanged(),
      onState: (states) => {
        this.#manifests.show(states);
        this.#events.publishHere("manifests");
      },
    });
    this.#replicas.leases.register("manifests", { start: () => manifests.lead(), stop: () => manifests.follow() });
    this.#rereadManifests = () => manifests.reread();
    this.#stops.push(() => manifests.stop());
    return manifests;
  }

  /** This process among those on the same database. */
  #createReplicas(processId: string): Replicas {
    return new Replicas({
      storage: this.#storage,
      dataDir: this.#options.dataDir,
      processId,
      version: programVersion,
      startedAtMs: this.#startedAtMs,
      clock: this.#clock,
      log: this.#log,
      facts: () => ({
        config_version: this.#current()?.version ?? 0,
        spool_backlog_bytes: this.#ledgerWriter.backlogBytes,
        allowances: (this.#allowances as Allowances | undefined)?.state().allowances.degraded_since == null ? "ok" : "degraded",
      }),
      onConfig: async () => {
        if (this.#databaseReady) await this.#publisher.catchUp();
      },
      onTopics: (topics) => this.#events.publishHere(...topics),
      onProbes: (results) => this.#planes.probed(results),
      onManifests: () => this.#rereadManifests(),
      onReplicas: () => this.#events.publishHere("system"),
    });
  }

  /** Who is within their limits, and what was spent of budgets. */
  async #openAllowances(processId: string): Promise<void> {
    const { config, dataDir } = this.#options;
    this.#allowances = await createAllowances({
      redis: config.redis,
      workers: this.#options.workers?.count ?? 0,
      isReplacement: this.#options.workers?.isReplacement ?? false,
      processId,
      storage: this.#storage,
      dataDir,
      clock: this.#clock,
      log: this.#log,
      current: () => this.#current()?.content() ?? null,
      chargesOf: (content) => chargesOfRequests(content, config.userDefaultLimits),
      hasCaughtUp: () => this.#hasCaughtUp(),
      readiness: this.#readiness,
    });
    this.#stops.push(() => this.#allowances.stop());
  }

  /** Null until this start has migrated it. */
  #openDatabase(): Storage | null {
    return this.#databaseReady ? this.#storage : null;
  }

  /** What the data plane works from. */
  #current(): Snapshot | null {
    return (this.#data as DataPlane | undefined)?.snapshots.current() ?? null;
  }

  async #openDataPlane(processId: string, snapshotFile: SnapshotFile, cipher: Cipher): Promise<void> {
    const { config, dataDir } = this.#options;
    this.#stops.push(() => snapshotFile.close());
    this.#sources = new CallSources({
      config,
      client: this.#httpClient,
      access: this.#access,
      storage: () => this.#openDatabase(),
      cipher,
      clock: this.#clock,
      log: this.#log,
      hasCaughtUp: () => this.#ledgerWriter.hasCaughtUp,
      others: () => ({
        alive: this.#replicas.othersAlive > 0 || (this.#hub?.hasJustLostOne ?? false),
        areLate: this.#replicas.othersAreLate,
      }),
      onChanged: () => this.#publisher.changed(),
    });
    this.#stops.push(() => this.#sources.stop());
    this.#data = await DataPlane.open({
      config,
      dataDir,
      processId,
      clock: this.#clock,
      log: this.#log,
      metrics: this.#metrics,
      responses: this.#sources.responses,
      usage: this.#sources.usage,
      identity: this.#sources.identity,
      allowances: this.#allowances.authority,
      bodies: this.#sources.bodies,
      onSnapshot: (snapshot, part) => {
        if (part === "all" || part === "routing") this.#probes.changed();
        snapshotFile.save(() => snapshot.content());
        // Each replica publishes its own.
        this.#events.publishHere(...topicsOfSnapshot(part));
      },
      onHealth: () => this.#events.publishHere("health"),
    });
    this.#stops.push(() => this.#data.close());
  }

  /** Takes workers in, if there are to be any. */
  async #openHub(): Promise<void> {
    const { workers } = this.#options;
    if (workers === undefined) return;
    const hub = await WorkerHub.listen({
      socketPath: workers.channelPath,
      clock: this.#clock,
      log: this.#log,
      content: () => this.#current()?.content() ?? null,
      leases: this.#allowances.leaseAuthority,
      spend: new StorageSpendReader(this.#storage),
      knownSpend: () => this.#allowances.knownSpend(),
      identity: this.#sources.identity,
      responses: this.#sources.responses,
      usage: this.#sources.usage,
      bodies: this.#sources.bodies,
      hasCaughtUp: () => this.#hasCaughtUp(),
      onLastSeries: (series) => this.#metrics.count(series),
      onHealth: atMostEvery(250, this.#clock, () => this.#events.publishHere("health")),
      servingIds: workers.isReplacement ? this.#liveWorkers : [],
    });
    this.#hub = hub;
    this.#stops.push(() => hub.close(workersEndMs));
  }

  #watchSpools(): void {
    if (this.#planes.spools().failure === null) this.#readiness.restored("spool");
    else this.#readiness.degraded("spool", "usage can't be written to the data directory", this.#clock.nowMs());
  }

  #hasCaughtUp(): boolean {
    return this.#ledgerWriter.hasCaughtUp && this.#ledgerWriter.backlogBytes === 0;
  }

  /** What time alone changes of it, and what probes find. */
  #followHealth(): void {
    const stopWatching = watchHealth({
      clock: this.#clock,
      isWatched: () => this.#events.hasListeners("health"),
      conditions: () => this.#planes.conditions(),
      onChange: () => this.#events.publishHere("health"),
    });
    this.#stops.push(stopWatching);
    this.#probes = leasedProbes(
      this.#replicas.leases,
      () =>
        new ProbeSchedule({
          current: () => this.#current()?.routing() ?? null,
          report: (id, { ok, cause }) => {
            this.#planes.probed([[id, ok, cause]]);
            this.#replicas.shareProbe([id, ok, cause]);
          },
          clock: this.#clock,
          log: this.#log,
        }),
    );
    this.#stops.push(() => this.#probes.stop());
  }

  /** A start without the database is served from the last snapshot on disk; without one there is nothing to serve. */
  async #prepareOrServeFromDisk(prepare: () => Promise<void>, snapshotFile: SnapshotFile): Promise<void> {
    try {
      await prepare();
    } catch (error) {
      // Once the database has been read, what it said is newer than any file.
      if (!(error instanceof StorageUnavailable) || this.#databaseReady) throw error;
      const content = await snapshotFile.read();
      if (content === null) throw error;
      await this.#planes.replaceByStored(content);
      this.#readiness.degraded("database", "it does not answer", this.#clock.nowMs());
      this.#log.warn({ err: error, snapshot_version: content.version }, "the database is away: serving from the stored snapshot");
    }
  }

  async #listen(adminApi: AdminApi): Promise<Urls> {
    const { config, dashboardDir, workers } = this.#options;
    const dashboard = await openDashboard({ folder: dashboardDir, publicUrl: config.server.publicUrl, log: this.#log });
    return await openListeners({
      config,
      gateway: this.#data.gateway,
      workers: workers ?? null,
      sideHandlers: [{ owns: isAdminPath, handle: adminApi.handle }, dashboard],
      readiness: this.#readiness,
      metrics: this.#metrics,
      access: this.#access,
      clock: this.#clock,
      onOpened: (close) => this.#stops.push(close),
    });
  }

  #systemState(): SystemState {
    const parts = {
      version: programVersion,
      startedAtMs: this.#startedAtMs,
      reasons: this.#readiness.reasons,
      snapshot: this.#current(),
      spool: this.#planes.spools(),
      backlogBytes: this.#ledgerWriter.backlogBytes,
      engine: this.#storage.engine,
      manifests: this.#manifests.current(),
      warnings: this.#options.warnings ?? [],
      unpricedModels: countUnpriced(this.#current()?.models() ?? []),
      replicas: presentReplicas(this.#replicas.current()),
      processes: presentProcesses(this.#planes.processes()),
      ...this.#allowances.state(),
    };
    return systemState(parts, this.#clock.nowMs());
  }

  async drain(): Promise<void> {
    const { drainDelayMs, drainTimeoutMs } = this.#options.config.server;
    this.#readiness.draining();
    // Told to end before it has begun.
    if ((this.#data as DataPlane | undefined) === undefined) return this.stop();
    this.#log.info(
      { in_flight: this.#data.gateway.inFlight, drain_delay_ms: drainDelayMs, drain_timeout_ms: drainTimeoutMs },
      "draining",
    );
    if (drainDelayMs > 0) await new Promise<void>((resolve) => setTimeout(resolve, drainDelayMs));
    this.#events.close();
    await this.#data.gateway.drain(drainTimeoutMs);
    await this.stop();
  }

  draining(): void {
    this.#readiness.draining();
    this.#events.close();
  }

  setLiveWorkers(processIds: readonly string[]): void {
    this.#liveWorkers = processIds;
    this.#hub?.setLive(processIds);
    (this.#ledgerWriter as ThreadedLedgerWriter | undefined)?.setOthers(processIds);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    this.#events.close();
    // What is in flight is told and booked for what it is, before its connections go.
    await (this.#data as DataPlane | undefined)?.gateway.drain(0);
    for (const stop of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        this.#log.error({ err: error }, "a part did not stop cleanly");
      }
    }
  }
}
