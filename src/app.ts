// The composition root: constructs every part, wires ports to what implements them, starts, drains and stops them in order.
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { SystemState } from "./api/system.ts";
import type { Config } from "./config/config.ts";
import { openableUrl } from "./config/openable-url.ts";
import { makeSetupLink } from "./control/accounts/one-time-link.ts";
import { authorizeMetrics } from "./control/admin/authorize/authorize-metrics.ts";
import { type AuthenticatedToken, type SignInWays, unknownHealth } from "./control/admin/context.ts";
import { createExportRuns } from "./control/admin/exports/create-export-runs.ts";
import { presentHealth } from "./control/admin/models/present-health.ts";
import { type AdminApi, createAdminApi } from "./control/admin/server.ts";
import { systemState } from "./control/admin/system/system-state.ts";
import { MemoryAuthority } from "./control/allowances/memory-authority.ts";
import { BodyStore } from "./control/bodies/body-store.ts";
import { openDashboard } from "./control/dashboard/dashboard.ts";
import { createSyncSchedule } from "./control/discovery/schedule.ts";
import { createSynchronizer } from "./control/discovery/synchronize.ts";
import { announceSyncs } from "./control/events/announce-syncs.ts";
import { atMostEvery } from "./control/events/at-most-every.ts";
import { topicsOfSnapshot } from "./control/events/changed-topics.ts";
import { EventHub } from "./control/events/event-hub.ts";
import { watchHealth } from "./control/events/health-watch.ts";
import { IdentityProviders } from "./control/identity/identity-providers.ts";
import { UserDirectory } from "./control/identity/user-directory.ts";
import { ThreadedLedgerWriter } from "./control/ledger/threaded-ledger-writer.ts";
import { ManifestSync } from "./control/manifest/manifest-sync.ts";
import { SeenManifests } from "./control/manifest/seen-manifests.ts";
import { ProbeSchedule } from "./control/probe/probe-schedule.ts";
import { Publisher } from "./control/publish-snapshot.ts";
import { ResponseLookup } from "./control/response-lookup.ts";
import { startRetention } from "./control/retention.ts";
import { checkSecretKeyId } from "./control/secret-key-id.ts";
import { issueFirstAdminToken, seed } from "./control/seed.ts";
import { SnapshotFile } from "./control/snapshot-file.ts";
import { startSummingDays } from "./control/sum-usage-days.ts";
import { Cipher } from "./core/cipher.ts";
import { type Clock, systemClock, type Timer } from "./core/clock.ts";
import { newId } from "./core/ids.ts";
import type { RequestLogger } from "./core/logger.ts";
import type { Secret } from "./core/secret.ts";
import { digestApiKey } from "./domain/api-key.ts";
import { HttpClient } from "./egress/http-client.ts";
import { presentedCredentials, principalOf } from "./gateway/authenticate.ts";
import { Gateway } from "./gateway/gateway.ts";
import { announcedIdentity } from "./gateway/identity/announced-callers.ts";
import { forwardedOverTls, SourceAddresses, throttleKey } from "./gateway/identity/source-address.ts";
import { Listener } from "./gateway/listener.ts";
import type { IdentitySource, RequestEvent } from "./gateway/ports.ts";
import { explain } from "./gateway/routing/explain.ts";
import { RoutingState } from "./gateway/routing/routing-state.ts";
import { namesOfDeployment, seenDeployments, unreadyDeployments } from "./gateway/routing/seen-deployments.ts";
import { SnapshotHolder } from "./gateway/snapshot-holder.ts";
import { SpoolWriter } from "./spool/spool-writer.ts";
import { lockDataDir } from "./storage/data-dir-lock.ts";
import { openStorage } from "./storage/open-storage.ts";
import { type Storage, StorageUnavailable } from "./storage/port.ts";
import { Metrics } from "./telemetry/metrics.ts";
import { listenForMetrics } from "./telemetry/metrics-listener.ts";
import { OpsEndpoints } from "./telemetry/ops-endpoints.ts";
import { Readiness } from "./telemetry/readiness.ts";
import { logRequest } from "./telemetry/request-line.ts";
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
}

export interface Started {
  url: string;
  adminUrl: string;
  /** Non-null only when this start created the database. */
  adminToken: string | null;
  /** Makes the first administrator; null: there is one, or the database is away. */
  setupLink: string | null;
  metricsUrl: string | null;
}

export interface App {
  start(): Promise<Started>;
  /** Refuses new work, lets calls in flight finish (up to `server.drain_timeout`), stops. */
  drain(): Promise<void>;
  /** Stops at once; calls in flight are cut. */
  stop(): Promise<void>;
}

const pollEveryMs = 1000;
const databaseRetryMs = 2000;
const firstSyncsWaitMs = 10_000;
const requestTimeoutMs = 300_000;

export function createApp(options: AppOptions): App {
  return new HeadgateApp(options);
}

class HeadgateApp implements App {
  readonly #options: AppOptions;
  readonly #clock: Clock;
  readonly #log: RequestLogger;
  readonly #events: EventHub;
  readonly #readiness = new Readiness(() => this.#events.publish("system"));
  readonly #addresses: SourceAddresses;
  readonly #startedAtMs: number;
  /** What has to be undone at the end, in reverse order. */
  readonly #stops: (() => Promise<void> | void)[] = [];
  #gateway!: Gateway;
  #listener!: Listener;
  #routing!: RoutingState;
  #probes!: ProbeSchedule;
  #snapshots!: SnapshotHolder;
  #spool!: SpoolWriter;
  #ledgerWriter!: ThreadedLedgerWriter;
  #storage!: Storage;
  #bodies!: BodyStore;
  #publisher!: Publisher;
  #directory!: UserDirectory;
  readonly #manifests: SeenManifests;
  /** For questions of the control plane. */
  readonly #httpClient = new HttpClient({ allowPrivate: true });
  /** False while the database has not been migrated by this start. */
  #databaseReady = false;
  #stopped: Promise<void> | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#events = new EventHub({ clock: this.#clock });
    this.#manifests = new SeenManifests(this.#readiness, this.#clock);
    this.#startedAtMs = this.#clock.nowMs();
    this.#addresses = new SourceAddresses(options.config.server.trustedProxies);
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
    const lock = await lockDataDir(dataDir);
    this.#stops.push(() => lock.release());
    const cipher = new Cipher(secretKey);
    const snapshotFile = new SnapshotFile(dataDir, cipher, this.#clock, this.#log);
    const processId = newId("p");
    this.#storage = await openStorage({ databaseUrl: config.database.url?.expose() ?? null, dataDir });
    this.#stops.push(() => this.#storage.close());
    await this.#openLedger(processId);
    this.#stops.push(() => this.#httpClient.close());
    this.#createGateway(processId, snapshotFile, cipher);

    const publisher = new Publisher({
      storage: this.#storage,
      cipher,
      timeouts: config.timeouts,
      target: this.#snapshots,
      clock: this.#clock,
      forgetOlder: () => snapshotFile.invalidate(),
    });
    this.#publisher = publisher;
    const quietSynchronizer = createSynchronizer({
      storage: this.#storage,
      cipher,
      clock: this.#clock,
      log: this.#log,
      onChanged: () => publisher.routingChanged(),
    });
    const synchronizer = announceSyncs(quietSynchronizer, this.#events);
    const manifests = this.#followManifests(cipher);
    const storage = () => this.#openDatabase();
    const onChanged = () => this.#events.publish("exports");
    const exports = createExportRuns({ storage, dataDir, clock: this.#clock, log: this.#log, onChanged });
    this.#stops.push(() => exports.stop());
    const schedule = createSyncSchedule({ storage: this.#storage, synchronizer, clock: this.#clock, log: this.#log });
    this.#stops.push(() => schedule.stop());

    const prepareDatabase = async () => {
      await this.#storage.migrate();
      await checkSecretKeyId(this.#storage, cipher);
      const { endpoints, keys } = config;
      const result = await seed({ storage: this.#storage, cipher, endpoints, keys, nowMs: this.#clock.nowMs() });
      if (!result.seeded && endpoints.length + keys.length > 0) {
        this.#log.info(
          { endpoints: endpoints.length, keys: keys.length },
          "the config file's endpoints and keys are ignored: the database was seeded from it at its first start; change them through the admin API",
        );
      }
      // Nobody is to hear that a model does not exist which a manifest of the configuration may have.
      await manifests.prepare(this.#storage);
      await publisher.publishAll();
      this.#databaseReady = true;
      this.#ledgerWriter.start();
      await exports.recover();
      const syncs: Promise<unknown>[] = result.endpointIds.map((id) => synchronizer.synchronize(id, { trigger: "seed" }));
      await manifests.start();
      await Promise.race([
        Promise.allSettled([...syncs, manifests.firstCopies()]),
        new Promise<void>((resolve) => this.#clock.after(firstSyncsWaitMs, resolve)),
      ]);
      await schedule.refresh();
    };
    const adminApi = await createAdminApi({
      storage,
      cipher,
      publisher: {
        keyChanged: (id) => publisher.keyChanged(id),
        routingChanged: () => publisher.routingChanged(),
        peopleChanged: async (change) => {
          // What it wrote last is no longer what there is.
          this.#directory.forget(change.groupsChanged ? undefined : change.userIds);
          await publisher.peopleChanged(change);
        },
      },
      synchronizer,
      manifests,
      schedule,
      exports,
      authenticate: (token) => this.#authenticateAdmin(token),
      system: () => this.#systemState(),
      healthOf: (id) => {
        const state = this.#routing.health.find(id);
        return state === null ? unknownHealth(id) : presentHealth(state.view(this.#clock.nowMs()));
      },
      addressOf: (request) => this.#addresses.of(request),
      isSecure: (request) => this.#isSecure(request),
      usableModels: (userId) => {
        const snapshot = this.#snapshots.current();
        const principal = snapshot?.principalOfUser(userId, config.userDefaultLimits);
        if (snapshot === null || principal === undefined) return null;
        const status = (active: readonly unknown[]) => (active.length > 0 ? ("active" as const) : ("offline" as const));
        return [...snapshot.routesFor(principal)].map(({ model, active }) => ({ name: model.name, status: status(active) }));
      },
      explain: (question) => {
        const snapshot = this.#snapshots.current();
        return snapshot === null
          ? null
          : explain(snapshot, this.#routing, question, this.#clock.nowMs(), config.userDefaultLimits);
      },
      clock: this.#clock,
      log: this.#log,
      publicUrl: config.server.publicUrl,
      events: this.#events,
      playground: {
        call: (...call) => this.#gateway.handleOfUser(...call),
        refuse: (...refused) => this.#gateway.refuse(...refused),
      },
      signIn: this.#signInWays(),
    });
    this.#stops.push(() => adminApi.close());
    // The port first: what can't be had is found out before anything is written, and probes get an answer meanwhile.
    const urls = await this.#listen(adminApi);
    await this.#prepareOrServeFromDisk(prepareDatabase, snapshotFile);
    this.#watchDatabase(publisher, manifests, prepareDatabase);
    this.#stops.push(startSummingDays({ storage, clock: this.#clock, log: this.#log }));
    this.#stops.push(startRetention({ storage, ...config.retention, exports, clock: this.#clock, log: this.#log }));
    const adminToken = this.#databaseReady ? await issueFirstAdminToken(this.#storage, this.#clock.nowMs()) : null;
    if (adminToken !== null) await publisher.catchUp();
    const setup = this.#databaseReady ? await this.#storage.transaction((tx) => makeSetupLink(tx, this.#clock.nowMs())) : null;
    this.#readiness.ready();
    this.#log.info({ url: urls.url, database: this.#storage.engine, version: programVersion }, "headgate is ready");
    return { ...urls, adminToken, setupLink: setup === null ? null : openableUrl(urls.url) + setup.path };
  }

  async #openLedger(processId: string): Promise<void> {
    const { config, dataDir } = this.#options;
    const dir = join(dataDir, "spool");
    this.#spool = await SpoolWriter.open({
      dir,
      processId,
      onFailure: config.accounting.onFailure,
      clock: this.#clock,
      log: this.#log,
    });
    this.#ledgerWriter = new ThreadedLedgerWriter({
      dir,
      processId,
      databaseUrl: config.database.url?.expose() ?? null,
      dataDir,
      clock: this.#clock,
      log: this.#log,
      onIngested: atMostEvery(1000, this.#clock, () => this.#events.publish("usage")),
    });
    this.#stops.push(async () => {
      await this.#spool.close();
      await this.#ledgerWriter.stop();
    });
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
      onChanged: () => this.#publisher.routingChanged(),
      onState: (states) => {
        this.#manifests.show(states);
        this.#events.publish("manifests");
      },
    });
    this.#stops.push(() => manifests.stop());
    return manifests;
  }

  /** Null until this start has migrated it. */
  #openDatabase(): Storage | null {
    return this.#databaseReady ? this.#storage : null;
  }

  /** Who callers with a token are: proven by their provider, and kept as users. */
  #createIdentity(): IdentitySource {
    const { config } = this.#options;
    const providers = new IdentityProviders({
      config: config.identity,
      client: this.#httpClient,
      clock: this.#clock,
      log: this.#log,
    });
    this.#directory = new UserDirectory({
      storage: () => this.#openDatabase(),
      clock: this.#clock,
      log: this.#log,
      onChanged: (change) => this.#publisher.peopleChanged(change),
    });
    this.#stops.push(() => this.#directory.stop());
    return {
      // Whoever holds out the administrator's token by mistake has not given it away to anybody.
      mayKnow: (token) => providers.mayKnow(token) && !this.#isAdminToken(token),
      verify: (token, wanted) => providers.verify(token, wanted),
      seen: (identity) => this.#directory.seen(identity),
    };
  }

  #createGateway(processId: string, snapshotFile: SnapshotFile, cipher: Cipher): void {
    const { config } = this.#options;
    this.#bodies = new BodyStore({ storage: () => this.#openDatabase(), cipher, clock: this.#clock, log: this.#log });
    this.#stops.push(() => this.#bodies.stop());
    this.#snapshots = new SnapshotHolder((snapshot, part) => {
      if (part === "all" || part === "routing") {
        this.#gateway.snapshotChanged(snapshot);
        this.#probes.changed();
      }
      snapshotFile.save(() => snapshot.content());
      this.#events.publish(...topicsOfSnapshot(part));
    });
    this.#stops.push(() => snapshotFile.close());
    this.#routing = new RoutingState({
      random: Math.random,
      onTransition: ({ deploymentId, from, to, cause, untilMs }) => {
        const names = namesOfDeployment(this.#snapshots.current(), deploymentId);
        this.#metrics?.deployments.changed(names.endpoint ?? "", to);
        this.#events.publish("health");
        const until = untilMs === null ? undefined : new Date(untilMs).toISOString();
        this.#log[to === "benched" ? "warn" : "info"](
          { deployment_id: deploymentId, ...names, from, to, cause, until },
          "a deployment's health has changed",
        );
      },
    });
    const stopWatching = watchHealth({
      clock: this.#clock,
      isWatched: () => this.#events.hasListeners("health"),
      conditions: () => unreadyDeployments(this.#routing, this.#clock.nowMs()),
      onChange: () => this.#events.publish("health"),
    });
    this.#stops.push(stopWatching);
    this.#probes = new ProbeSchedule({
      current: () => this.#snapshots.current()?.routing() ?? null,
      report: (id, { ok, cause }) => this.#routing.health.of(id).probed(ok, cause, this.#clock.nowMs()),
      clock: this.#clock,
      log: this.#log,
    });
    this.#stops.push(() => this.#probes.stop());
    this.#gateway = new Gateway({
      snapshots: this.#snapshots,
      sink: this.#spool,
      events: { requestFinished: (event) => this.#requestFinished(event) },
      clock: this.#clock,
      limits: { bodyBytesMax: config.server.bodyLimitBytes, bodiesInFlightBytesMax: config.server.bodiesInFlightLimitBytes },
      routing: this.#routing,
      responses: new ResponseLookup({
        storage: () => this.#openDatabase(),
        hasCaughtUp: () => this.#ledgerWriter.hasCaughtUp,
      }),
      processId,
      identity: {
        source: this.#createIdentity(),
        trustedProxies: config.server.trustedProxies,
        proxyHeader: config.identity.proxyHeader,
        defaultLimits: config.userDefaultLimits,
      },
      allowances: new MemoryAuthority(),
      bodies: this.#bodies,
    });
    this.#stops.push(() => this.#gateway.close());
  }

  /** A start without the database is served from the last snapshot on disk; without one there is nothing to serve. */
  async #prepareOrServeFromDisk(prepareDatabase: () => Promise<void>, snapshotFile: SnapshotFile): Promise<void> {
    try {
      await prepareDatabase();
    } catch (error) {
      // Once the database has been read, what it said is newer than any file.
      if (!(error instanceof StorageUnavailable) || this.#databaseReady) throw error;
      const content = await snapshotFile.read();
      if (content === null) throw error;
      this.#snapshots.replace(content);
      this.#readiness.degraded("database", "it does not answer", this.#clock.nowMs());
      this.#log.warn({ err: error, snapshot_version: content.version }, "the database is away: serving from the stored snapshot");
    }
  }

  /** Looks for changes made elsewhere, notices when the database or the spool goes, and takes the database back when it returns. */
  #watchDatabase(publisher: Publisher, manifests: ManifestSync, prepareDatabase: () => Promise<void>): void {
    let timer: Timer;
    let stopped = false;
    const look = async () => {
      this.#watchSpool();
      try {
        if (!this.#databaseReady) await prepareDatabase();
        // Another process may have made a manifest, or removed one.
        else if (await publisher.catchUp()) await manifests.reload();
        // A database that is read but takes no writes is away too.
        if (this.#ledgerWriter.failure !== null) throw this.#ledgerWriter.failure;
        if (this.#readiness.isDegraded("database")) this.#log.info({}, "the database is back");
        this.#readiness.restored("database");
      } catch (error) {
        if (!this.#readiness.isDegraded("database")) this.#log.error({ err: error }, "the database is away; calls continue");
        // The cause, which may name hosts, is for the log: /readyz needs no key.
        this.#readiness.degraded("database", "it does not answer, or takes no writes", this.#clock.nowMs());
      }
      const isDegraded = this.#readiness.isDegraded("database");
      if (!stopped) timer = this.#clock.after(isDegraded ? databaseRetryMs : pollEveryMs, look);
    };
    timer = this.#clock.after(pollEveryMs, look);
    this.#stops.push(() => {
      stopped = true;
      timer.cancel();
    });
  }

  #watchSpool(): void {
    const { failure } = this.#spool;
    if (failure === null) this.#readiness.restored("spool");
    else this.#readiness.degraded("spool", "usage can't be written to the data directory", this.#clock.nowMs());
  }

  async #listen(adminApi: AdminApi): Promise<Omit<Started, "adminToken" | "setupLink">> {
    const { config } = this.#options;
    const metrics = this.#createMetrics();
    const ownPort = config.metrics.port !== null;
    const ops = new OpsEndpoints({
      readiness: this.#readiness,
      metrics,
      nowMs: () => this.#clock.nowMs(),
      authorizeMetrics: ownPort
        ? null
        : (req) => authorizeMetrics(presentedCredentials(req.headers)[0], (token) => this.#authenticateAdmin(token)),
    });
    const dashboard = await openDashboard({
      folder: this.#options.dashboardDir,
      publicUrl: config.server.publicUrl,
      log: this.#log,
    });
    this.#listener = new Listener({
      host: config.server.host,
      port: config.server.port,
      gateway: this.#gateway,
      sideHandlers: [ops, { owns: (path) => path.startsWith("/admin/"), handle: adminApi.handle }, dashboard],
      corsOrigins: config.server.corsOrigins,
      requestTimeoutMs,
    });
    const port = await this.#listener.listen();
    this.#stops.push(() => this.#listener.close(true));
    const { port: metricsPort } = config.metrics;
    const metricsListener = metricsPort === null ? null : await listenForMetrics(metrics, config.server.host, metricsPort);
    if (metricsListener !== null) this.#stops.push(() => metricsListener.close());
    const host = config.server.host.includes(":") ? `[${config.server.host}]` : config.server.host;
    const url = config.server.publicUrl ?? `http://${host}:${port}`;
    return { url, adminUrl: `${url}/admin/api/v1`, metricsUrl: metricsListener?.url ?? null };
  }

  #metrics: Metrics | null = null;

  #createMetrics(): Metrics {
    this.#metrics = new Metrics({
      inFlight: () => this.#gateway.inFlight,
      heldBodyBytes: () => this.#gateway.heldBodyBytes,
      spoolBacklogBytes: () => this.#ledgerWriter.backlogBytes,
      unrecorded: () => this.#spool.unrecorded,
      bodies: () => this.#bodies,
      snapshotVersion: () => this.#snapshots.current()?.version ?? 0,
      snapshotAgeSeconds: () => (this.#clock.nowMs() - (this.#snapshots.current()?.builtAtMs ?? this.#startedAtMs)) / 1000,
      databaseUp: () => !this.#readiness.isDegraded("database"),
      manifests: () => this.#manifests.current(),
      deployments: () => seenDeployments(this.#snapshots.current(), this.#routing, this.#clock.nowMs()),
    });
    return this.#metrics;
  }

  #requestFinished(event: RequestEvent): void {
    this.#metrics?.observe(event);
    logRequest(this.#log, event);
  }

  /** Compared as digests: how long it takes says nothing about the token. */
  #isAdminToken(token: string): boolean {
    const { adminToken } = this.#options.config;
    return adminToken !== null && digestApiKey(token) === digestApiKey(adminToken.expose());
  }

  #signInWays(): SignInWays {
    const { oidc, proxyHeader } = this.#options.config.identity;
    const proxies = new SourceAddresses(proxyHeader?.trustedProxies ?? []);
    return {
      oidc,
      client: this.#httpClient,
      hasProxy: proxyHeader !== null,
      announced: (request) => (proxyHeader === null ? null : announcedIdentity(request, proxyHeader, proxies)),
      throttleKey,
    };
  }

  /** Headgate itself speaks plain HTTP: TLS ends at a proxy, which says so, or which the public URL tells of. */
  #isSecure(request: IncomingMessage): boolean {
    const { publicUrl } = this.#options.config.server;
    if (publicUrl?.startsWith("https:") && request.headers.host === new URL(publicUrl).host) return true;
    if (!this.#addresses.isTrusted(request.socket.remoteAddress ?? "")) return false;
    return forwardedOverTls(request.headers["x-forwarded-proto"]);
  }

  #authenticateAdmin(token: string): AuthenticatedToken {
    if (this.#isAdminToken(token)) return { kind: "admin", keyId: null };
    const snapshot = this.#snapshots.current();
    const found = snapshot === null ? null : principalOf(snapshot, token, this.#clock.nowMs());
    if (found === null) return "unknown";
    if (found === "expired") return "expired";
    const { key } = found;
    if (key === null || !key.scopes.includes("admin")) return "not_admin";
    return { kind: "admin", keyId: key.id, keyName: key.name, userId: key.userId };
  }

  #systemState(): SystemState {
    const parts = {
      version: programVersion,
      startedAtMs: this.#startedAtMs,
      reasons: this.#readiness.reasons,
      snapshot: this.#snapshots.current(),
      spool: this.#spool,
      backlogBytes: this.#ledgerWriter.backlogBytes,
      engine: this.#storage.engine,
      manifests: this.#manifests.current(),
      warnings: this.#options.warnings ?? [],
    };
    return systemState(parts, this.#clock.nowMs());
  }

  async drain(): Promise<void> {
    const { drainDelayMs, drainTimeoutMs } = this.#options.config.server;
    this.#readiness.draining();
    // Told to end before it has begun.
    if ((this.#gateway as Gateway | undefined) === undefined) return this.stop();
    this.#log.info(
      { in_flight: this.#gateway.inFlight, drain_delay_ms: drainDelayMs, drain_timeout_ms: drainTimeoutMs },
      "draining",
    );
    if (drainDelayMs > 0) await new Promise<void>((resolve) => setTimeout(resolve, drainDelayMs));
    this.#events.close();
    await this.#gateway.drain(drainTimeoutMs);
    await this.stop();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    this.#events.close();
    // What is in flight is told and booked for what it is, before its connections go.
    await (this.#gateway as Gateway | undefined)?.drain(0);
    for (const stop of this.#stops.reverse()) {
      try {
        await stop();
      } catch (error) {
        this.#log.error({ err: error }, "a part did not stop cleanly");
      }
    }
  }
}
