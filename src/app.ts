// The composition root: constructs every part, wires ports to what implements them, starts, drains and stops them in order.
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import type { SystemView } from "./api/system.ts";
import type { Config } from "./config/config.ts";
import { makeSetupLink } from "./control/accounts/one-time-link.ts";
import { type AuthenticatedToken, type SignInWays, unknownHealth } from "./control/admin/context.ts";
import { presentHealth } from "./control/admin/models/present-health.ts";
import { type AdminApi, createAdminApi } from "./control/admin/server.ts";
import { MemoryAuthority } from "./control/allowances/memory-authority.ts";
import { createSyncSchedule } from "./control/discovery/schedule.ts";
import { createSynchronizer } from "./control/discovery/synchronize.ts";
import { IdentityProviders } from "./control/identity/identity-providers.ts";
import { UserDirectory } from "./control/identity/user-directory.ts";
import { ThreadedLedgerWriter } from "./control/ledger/threaded-ledger-writer.ts";
import type { ManifestState, ManifestStatus } from "./control/manifest/manifest-state.ts";
import { ManifestSync } from "./control/manifest/manifest-sync.ts";
import { ProbeSchedule } from "./control/probe/probe-schedule.ts";
import { Publisher } from "./control/publish-snapshot.ts";
import { ResponseLookup } from "./control/response-lookup.ts";
import { startRetention } from "./control/retention.ts";
import { checkSecretKeyId } from "./control/secret-key-id.ts";
import { issueFirstAdminToken, seed } from "./control/seed.ts";
import { SnapshotFile } from "./control/snapshot-file.ts";
import { Cipher } from "./core/cipher.ts";
import { type Clock, systemClock, type Timer } from "./core/clock.ts";
import { HeadgateError } from "./core/errors.ts";
import { newId } from "./core/ids.ts";
import type { RequestLogger } from "./core/logger.ts";
import type { Secret } from "./core/secret.ts";
import { digestApiKey } from "./domain/api-key.ts";
import { HttpClient } from "./egress/http-client.ts";
import { presentedCredentials, principalOf } from "./gateway/authenticate.ts";
import { Gateway } from "./gateway/gateway.ts";
import { announcedIdentity } from "./gateway/identity/announced-callers.ts";
import { SourceAddresses, throttleKey } from "./gateway/identity/source-address.ts";
import { Listener } from "./gateway/listener.ts";
import type { IdentitySource, RequestEvent } from "./gateway/ports.ts";
import { explain } from "./gateway/routing/explain.ts";
import { RoutingState } from "./gateway/routing/routing-state.ts";
import { namesOfDeployment, seenDeployments } from "./gateway/routing/seen-deployments.ts";
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
  readonly #readiness = new Readiness();
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
  #publisher!: Publisher;
  #directory!: UserDirectory;
  #manifestStates: readonly ManifestState[] = [];
  /** For questions of the control plane. */
  readonly #httpClient = new HttpClient({ allowPrivate: true });
  /** False while the database has not been migrated by this start. */
  #databaseReady = false;
  #stopped: Promise<void> | null = null;

  constructor(options: AppOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
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
    this.#createGateway(processId, snapshotFile);

    const publisher = new Publisher({
      storage: this.#storage,
      cipher,
      timeouts: config.timeouts,
      target: this.#snapshots,
      clock: this.#clock,
      forgetOlder: () => snapshotFile.invalidate(),
    });
    this.#publisher = publisher;
    const synchronizer = createSynchronizer({
      storage: this.#storage,
      cipher,
      clock: this.#clock,
      log: this.#log,
      onChanged: () => publisher.routingChanged(),
    });
    const manifests = this.#followManifests(cipher);
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
      const syncs: Promise<unknown>[] = result.endpointIds.map((id) => synchronizer.synchronize(id, { trigger: "seed" }));
      await manifests.start();
      await Promise.race([
        Promise.allSettled([...syncs, manifests.firstCopies()]),
        new Promise<void>((resolve) => this.#clock.after(firstSyncsWaitMs, resolve)),
      ]);
      await schedule.refresh();
    };
    const storage = () => this.#openDatabase();
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
      authenticate: (token) => this.#authenticateAdmin(token),
      system: () => this.#systemView(),
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
      signIn: this.#signInWays(),
    });
    this.#stops.push(() => adminApi.close());
    // The port first: what can't be had is found out before anything is written, and probes get an answer meanwhile.
    const urls = await this.#listen(adminApi);
    await this.#prepareOrServeFromDisk(prepareDatabase, snapshotFile);
    this.#watchDatabase(publisher, manifests, prepareDatabase);
    this.#stops.push(startRetention({ storage, ...config.retention, clock: this.#clock, log: this.#log }));
    const adminToken = this.#databaseReady ? await issueFirstAdminToken(this.#storage, this.#clock.nowMs()) : null;
    if (adminToken !== null) await publisher.catchUp();
    const setup = this.#databaseReady ? await this.#storage.transaction((tx) => makeSetupLink(tx, this.#clock.nowMs())) : null;
    this.#readiness.ready();
    this.#log.info({ url: urls.url, database: this.#storage.engine, version: programVersion }, "headgate is ready");
    return { ...urls, adminToken, setupLink: setup === null ? null : urls.url + setup.path };
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
      onState: (states) => this.#showManifests(states),
    });
    this.#stops.push(() => manifests.stop());
    return manifests;
  }

  #showManifests(states: readonly ManifestState[]): void {
    for (const part of this.#readiness.partsOf("manifest:")) {
      if (!states.some(({ name, status }) => part === `manifest:${name}` && status !== "ok")) this.#readiness.restored(part);
    }
    for (const { name, status, sinceMs, lastError } of states) {
      if (status === "ok") continue;
      const what = status === "stale" ? "the last good copy is in use" : "it was never loaded";
      const detail = lastError === null ? what : `${what}: ${lastError.detail}`;
      this.#readiness.degraded(`manifest:${name}`, detail, sinceMs ?? this.#clock.nowMs());
    }
    this.#manifestStates = states;
  }

  #seenManifests(): { name: string; status: ManifestStatus; isUp: boolean; ageSeconds: number | null }[] {
    const nowMs = this.#clock.nowMs();
    return this.#manifestStates.map(({ name, status, lastSuccessAtMs }) => {
      const ageSeconds = lastSuccessAtMs === null ? null : Math.max(0, Math.floor((nowMs - lastSuccessAtMs) / 1000));
      return { name, status, isUp: status === "ok", ageSeconds };
    });
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

  #createGateway(processId: string, snapshotFile: SnapshotFile): void {
    const { config } = this.#options;
    this.#snapshots = new SnapshotHolder((snapshot, part) => {
      if (part === "all" || part === "routing") {
        this.#gateway.snapshotChanged(snapshot);
        this.#probes.changed();
      }
      snapshotFile.save(() => snapshot.content());
    });
    this.#stops.push(() => snapshotFile.close());
    this.#routing = new RoutingState({
      random: Math.random,
      onTransition: ({ deploymentId, from, to, cause, untilMs }) => {
        const names = namesOfDeployment(this.#snapshots.current(), deploymentId);
        this.#metrics?.deployments.changed(names.endpoint ?? "", to);
        const until = untilMs === null ? undefined : new Date(untilMs).toISOString();
        this.#log[to === "benched" ? "warn" : "info"](
          { deployment_id: deploymentId, ...names, from, to, cause, until },
          "a deployment's health has changed",
        );
      },
    });
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
      authorizeMetrics: ownPort ? null : (req) => this.#authorizeMetrics(req),
    });
    this.#listener = new Listener({
      host: config.server.host,
      port: config.server.port,
      gateway: this.#gateway,
      sideHandlers: [ops, { owns: (path) => path.startsWith("/admin/"), handle: adminApi.handle }],
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
      snapshotVersion: () => this.#snapshots.current()?.version ?? 0,
      snapshotAgeSeconds: () => (this.#clock.nowMs() - (this.#snapshots.current()?.builtAtMs ?? this.#startedAtMs)) / 1000,
      databaseUp: () => !this.#readiness.isDegraded("database"),
      manifests: () => this.#seenManifests(),
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
      announced: (request) => (proxyHeader === null ? null : announcedIdentity(request, proxyHeader, proxies)),
      throttleKey,
    };
  }

  /** Headgate itself speaks plain HTTP: TLS ends at a proxy, which says so, or which the public URL tells of. */
  #isSecure(request: IncomingMessage): boolean {
    const { publicUrl } = this.#options.config.server;
    if (publicUrl?.startsWith("https:") && request.headers.host === new URL(publicUrl).host) return true;
    if (!this.#addresses.isTrusted(request.socket.remoteAddress ?? "")) return false;
    return request.headers["x-forwarded-proto"] === "https";
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

  #authorizeMetrics(req: IncomingMessage): void {
    const [token] = presentedCredentials(req.headers);
    if (token === undefined) throw new HeadgateError("missing_key");
    const verdict = this.#authenticateAdmin(token);
    if (verdict === "unknown") throw new HeadgateError("invalid_key");
    if (verdict === "expired") throw new HeadgateError("key_expired");
    // What a user's key may do depends on the user's role, which only the database knows: metrics are there without it.
    if (verdict === "not_admin" || (verdict.keyId !== null && verdict.userId !== null)) {
      throw new HeadgateError("not_allowed", { message: "Metrics need a key with the 'admin' scope that is no user's." });
    }
  }

  #systemView(): SystemView {
    const nowMs = this.#clock.nowMs();
    const snapshot = this.#snapshots.current();
    const { reasons } = this.#readiness;
    const database = reasons.find((reason) => reason.part === "database");
    return {
      version: programVersion,
      node: process.version,
      started_at: new Date(this.#startedAtMs).toISOString(),
      uptime_seconds: Math.floor((nowMs - this.#startedAtMs) / 1000),
      status: reasons.length === 0 ? "ok" : "degraded",
      reasons,
      snapshot:
        snapshot === null
          ? null
          : {
              version: snapshot.version,
              built_at: new Date(snapshot.builtAtMs).toISOString(),
              age_seconds: Math.floor((nowMs - snapshot.builtAtMs) / 1000),
              ...snapshot.sizes,
            },
      spool: {
        backlog_bytes: this.#ledgerWriter.backlogBytes,
        accepting: this.#spool.accepting,
        failure: this.#spool.failure?.message ?? null,
        unrecorded_attempts: this.#spool.unrecorded,
      },
      database: {
        engine: this.#storage.engine,
        state: database === undefined ? "ok" : "unavailable",
        since: database?.since ?? null,
        detail: database?.detail ?? null,
      },
      redis: null,
      manifests: this.#seenManifests().map(({ name, status, ageSeconds }) => ({ name, status, age_seconds: ageSeconds })),
      warnings: [...(this.#options.warnings ?? [])],
    };
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
    await this.#gateway.drain(drainTimeoutMs);
    await this.stop();
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
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
