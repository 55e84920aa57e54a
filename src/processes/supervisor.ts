// The process that was started: it starts control and the gateway workers, replaces what dies, and ends them in order. It does nothing else.
import { type ChildProcess, fork } from "node:child_process";
import cluster, { type Worker } from "node:cluster";
import { rmSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Started } from "../app.ts";
import type { Config } from "../config/config.ts";
import { namesHeapFlags } from "../config/names-heap-flags.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { programFile } from "../core/program-files.ts";
import { exposeSecrets } from "./exposed-secrets.ts";
import { controlHeapFlags, workerHeapFlags } from "./heap-flags.ts";
import { orphansIn } from "./orphans.ts";
import {
  ChildFailed,
  type ConfigSource,
  type FromControl,
  type FromWorker,
  type ToControl,
  type ToWorker,
} from "./supervision.ts";

const programOf = (name: string) => fileURLToPath(programFile(`${name}.js`));

/** What this process was started with goes before them. */
const withHeapFlags = (flags: readonly string[]) => (namesHeapFlags() ? process.execArgv : [...flags, ...process.execArgv]);

/** What ends again at once is not started again at once. */
const restartMinMs = 50;
const restartMaxMs = 5000;
const steadyAfterMs = 10_000;
/** Beyond what draining may take, for what is left to be closed. */
const closingMs = 15_000;
/** Workers that end before the first start is complete. */
const earlyEndsMax = 3;
const stopControlMs = 40_000;

export interface SupervisorOptions {
  /** What control reads the configuration from, again. */
  source: ConfigSource;
  config: Config;
  dataDir: string;
  workers: number;
  log: Logger;
}

interface GatewayChild {
  name: string;
  processId: string;
  worker: Worker;
  startedAtMs: number;
  isReady: boolean;
  isDrained: boolean;
  /** It was told to end. */
  isLeaving: boolean;
  /** Another is there to take its place, or is to show first that it can. */
  hasSuccessor: boolean;
  isTrial: boolean;
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #log: Logger;
  #folder = "";
  #port = 0;
  #control: ChildProcess | null = null;
  #controlStartedAtMs = 0;
  #controlRestartMs = restartMinMs;
  #started: Started | null = null;
  readonly #gateways = new Map<number, GatewayChild>();
  /** By the worker's name, how long to wait before its next start. */
  readonly #restartMs = new Map<string, number>();
  #isEnding = false;
  #isUp = false;
  #earlyEnds = 0;
  #fail: (error: Error) => void = () => {};
  #rolling: Promise<void> | null = null;
  #onChange: (() => void)[] = [];

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /** Resolves when control is ready and all workers work from a snapshot. Rejects with ChildFailed when one can't start. */
  async start(): Promise<Started> {
    const { config, workers } = this.#options;
    const { host, port } = config.server;
    this.#port = await freePort(host, port).catch(async (error: unknown) => {
      // It may be workers that are about to end who still listen there.
      await orphansIn(this.#options.dataDir).awaitEnd(this.#log);
      return await freePort(host, port).catch(() => Promise.reject(error));
    });
    this.#folder = await makeFolder(this.#options.dataDir);
    process.once("exit", () => this.endAtOnce());
    // Workers accept by themselves: a connection that the primary hands over is lost, open, with a worker that dies meanwhile.
    cluster.schedulingPolicy = cluster.SCHED_NONE;
    cluster.setupPrimary({
      exec: programOf("gateway-process"),
      args: [],
      execArgv: withHeapFlags(workerHeapFlags),
      serialization: "advanced",
    });
    const failed = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    failed.catch(() => undefined);
    for (let index = 1; index <= workers; index++) this.#startGateway(`worker-${index}`);
    this.#startControl();
    try {
      await Promise.race([failed, this.#until(() => this.#started !== null && this.#readyCount >= workers)]);
    } catch (error) {
      await this.kill();
      throw error;
    }
    // From now on what fails is started again.
    this.#isUp = true;
    this.#fail = () => {};
    return this.#started as unknown as Started;
  }

  /** Replaces the workers one after the other: each new one serves before an old one goes, and no connection is refused. */
  roll(): Promise<void> {
    if (!this.#isUp || this.#isEnding) return Promise.resolve();
    this.#rolling ??= this.#rollAll().finally(() => {
      this.#rolling = null;
    });
    return this.#rolling;
  }

  /** Refuses new work, lets calls in flight finish, ends all. */
  async drain(): Promise<void> {
    const { drainDelayMs, drainTimeoutMs } = this.#options.config.server;
    this.#isEnding = true;
    this.#tellControl({ kind: "draining" });
    this.#log.info({ drain_delay_ms: drainDelayMs, drain_timeout_ms: drainTimeoutMs, workers: this.#gateways.size }, "draining");
    if (drainDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, drainDelayMs));
    const gateways = [...this.#gateways.values()];
    for (const gateway of gateways) this.#tellGateway(gateway, { kind: "drain", timeoutMs: drainTimeoutMs, isReplaced: false });
    await this.#until(() => gateways.every((gateway) => gateway.isDrained || this.#isGone(gateway)), drainTimeoutMs + closingMs);
    for (const gateway of gateways) this.#tellGateway(gateway, { kind: "end" });
    await this.#until(() => gateways.every((gateway) => this.#isGone(gateway)), closingMs);
    this.#tellControl({ kind: "stop" });
    await this.#until(() => this.#control === null, stopControlMs);
    await this.kill();
  }

  /** Ends all at once. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    for (const { worker } of this.#gateways.values()) worker.process.kill("SIGKILL");
    this.#control?.kill("SIGKILL");
    await this.#until(() => this.#control === null && this.#gateways.size === 0, closingMs);
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** With this process, whatever ends it but SIGKILL. */
  endAtOnce(): void {
    for (const { worker } of this.#gateways.values()) worker.process.kill("SIGKILL");
    this.#control?.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #readyCount(): number {
    return [...this.#gateways.values()].filter(({ isReady, isLeaving }) => isReady && !isLeaving).length;
  }

  get #liveProcessIds(): string[] {
    return [...this.#gateways.values()].map(({ processId }) => processId);
  }

  #childStart() {
    const { workers } = this.#options;
    const channelPath = join(this.#folder, "rpc.sock");
    return {
      channelPath,
      httpPath: join(this.#folder, "http.sock"),
      port: this.#port,
      workers,
      isReplacement: this.#started !== null,
    };
  }

  #startControl(): void {
    const control = fork(programOf("control-process"), [], {
      execArgv: withHeapFlags(controlHeapFlags),
      serialization: "advanced",
    });
    this.#control = control;
    this.#controlStartedAtMs = Date.now();
    control.on("message", (message: FromControl) => {
      if (message.kind === "up") {
        if (this.#isEnding) return void control.kill("SIGKILL");
        this.#tellControl({
          kind: "start",
          config: this.#options.source,
          liveProcessIds: this.#liveProcessIds,
          ...this.#childStart(),
        });
      } else if (message.kind === "started") {
        this.#started ??= message.started;
        this.#changed();
      } else if (this.#isEnding) return;
      else if (this.#started === null) this.#fail(new ChildFailed(message.message));
      else this.#log.error({ cause: message.message }, "the control process could not start");
    });
    control.on("error", (error) => {
      this.#fail(error);
      // A process that could not be made has no end of its own.
      if (control.pid === undefined) this.#controlEnded(control, null, null);
    });
    control.once("exit", (code, signal) => this.#controlEnded(control, code, signal));
  }

  #controlEnded(control: ChildProcess, code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#control !== control) return;
    this.#control = null;
    this.#changed();
    if (this.#isEnding) return;
    if (this.#started === null) return this.#fail(new ChildFailed(`The control process ended: ${signal ?? `exit code ${code}`}`));
    this.#controlRestartMs = nextWait(this.#controlRestartMs, this.#controlStartedAtMs);
    this.#log.error({ code, signal, again_in_ms: this.#controlRestartMs }, "the control process ended; calls go on meanwhile");
    setTimeout(() => {
      if (!this.#isEnding) this.#startControl();
    }, this.#controlRestartMs);
  }

  #startGateway(name: string): GatewayChild {
    const processId = newId("p");
    const worker = cluster.fork();
    const gateway: GatewayChild = {
      name,
      processId,
      worker,
      startedAtMs: Date.now(),
      isReady: false,
      isDrained: false,
      isLeaving: false,
      hasSuccessor: false,
      isTrial: false,
    };
    this.#gateways.set(worker.id, gateway);
    // Before it writes anything.
    this.#tellLive();
    worker.on("message", (message: FromWorker) => {
      if (message.kind === "up") {
        if (this.#isEnding) return void worker.process.kill("SIGKILL");
        const config = exposeSecrets(ofWorkers(this.#options.config));
        const { dataDir } = this.#options;
        worker.send({ kind: "start", name, processId, config, dataDir, ...this.#childStart() } satisfies ToWorker);
      } else if (message.kind === "ready") {
        gateway.isReady = true;
        this.#changed();
      } else if (message.kind === "drained") {
        gateway.isDrained = true;
        this.#changed();
      } else if (message.kind === "failed") {
        this.#fail(new ChildFailed(message.message));
        this.#log.error({ worker: name, cause: message.message }, "a worker could not start");
      }
    });
    worker.once("exit", (code, signal) => this.#gatewayEnded(gateway, code, signal as NodeJS.Signals | null));
    worker.on("error", (error) => {
      // A process that could not be made has no end of its own.
      if (worker.process.pid === undefined) return this.#gatewayEnded(gateway, null, null, error);
      this.#log.error({ err: error, worker: name }, "a worker could not be told something");
    });
    return gateway;
  }

  #gatewayEnded(gateway: GatewayChild, code: number | null, signal: NodeJS.Signals | null, error?: Error): void {
    const { name, worker, isLeaving, startedAtMs } = gateway;
    if (!this.#gateways.delete(worker.id)) return;
    this.#tellLive();
    this.#changed();
    if (this.#isEnding || isLeaving || gateway.isTrial || gateway.hasSuccessor) return;
    if (!this.#isUp && ++this.#earlyEnds >= earlyEndsMax) {
      const why = error?.message ?? signal ?? `exit code ${code}`;
      return this.#fail(new ChildFailed(`A worker ended while it was starting: ${why}`));
    }
    const wait = nextWait(this.#restartMs.get(name) ?? restartMinMs, startedAtMs);
    this.#restartMs.set(name, wait);
    const fields = { worker: name, again_in_ms: wait };
    if (error === undefined) this.#log.error({ ...fields, code, signal }, "a worker ended: it is replaced");
    else this.#log.error({ ...fields, err: error }, "a worker could not be started: it is tried again");
    this.#startGatewayIn(wait, name);
  }

  #startGatewayIn(waitMs: number, name: string): void {
    setTimeout(() => {
      if (this.#isEnding) return;
      try {
        this.#startGateway(name);
      } catch (error) {
        // There are no more descriptors, or no memory: what lives must not end for that.
        this.#log.error(
          { err: error, worker: name, again_in_ms: restartMaxMs },
          "a worker could not be started: it is tried again",
        );
        this.#startGatewayIn(restartMaxMs, name);
      }
    }, waitMs);
  }

  async #rollAll(): Promise<void> {
    this.#log.info({ workers: this.#gateways.size }, "replacing all workers");
    for (const old of [...this.#gateways.values()]) {
      // One that has crashed meanwhile has a successor, or will have one.
      if (this.#isEnding || old.isLeaving || this.#isGone(old)) continue;
      const next = this.#startGateway(old.name);
      next.isTrial = true;
      old.hasSuccessor = true;
      await this.#until(() => this.#isEnding || next.isReady || this.#isGone(next), closingMs);
      if (this.#isEnding) return;
      if (!next.isReady) {
        next.worker.process.kill("SIGKILL");
        await this.#until(() => this.#isGone(next), closingMs);
        old.hasSuccessor = false;
        if (this.#isGone(old)) this.#startGateway(old.name);
        return this.#log.error({ worker: old.name }, "a new worker did not come up: the old ones stay");
      }
      next.isTrial = false;
      await this.#leave(old, this.#options.config.server.drainTimeoutMs);
    }
    this.#log.info({ workers: this.#gateways.size }, "all workers are replaced");
  }

  /** Tells it to end, and waits for that. */
  async #leave(gateway: GatewayChild, timeoutMs: number): Promise<void> {
    gateway.isLeaving = true;
    const { worker } = gateway;
    this.#tellGateway(gateway, { kind: "drain", timeoutMs, isReplaced: true });
    await this.#until(() => this.#isGone(gateway), timeoutMs + closingMs);
    if (!this.#isGone(gateway)) worker.process.kill("SIGKILL");
  }

  #isGone({ worker }: GatewayChild): boolean {
    return !this.#gateways.has(worker.id);
  }

  #tellGateway({ worker }: GatewayChild, message: ToWorker): void {
    if (worker.isConnected()) worker.send(message);
  }

  #tellLive(): void {
    this.#tellControl({ kind: "live", processIds: this.#liveProcessIds });
  }

  #tellControl(message: ToControl): void {
    if (this.#control?.connected) this.#control.send(message, () => undefined);
  }

  #changed(): void {
    for (const wake of this.#onChange.splice(0)) wake();
  }

  /** Resolves when it is so, or after `timeoutMs`. */
  async #until(check: () => boolean, timeoutMs = Number.POSITIVE_INFINITY): Promise<void> {
    const untilMs = Date.now() + timeoutMs;
    while (!check() && Date.now() < untilMs) {
      await new Promise<void>((resolve) => {
        this.#onChange.push(resolve);
        if (timeoutMs < Number.POSITIVE_INFINITY) setTimeout(resolve, untilMs - Date.now()).unref();
      });
    }
  }
}

const socketPathBytesMax = 103;

/** For the sockets: this user's alone, and with a short name, as those of sockets may have a hundred characters. */
async function makeFolder(dataDir: string): Promise<string> {
  // A container may have nothing but the last that can be written to.
  for (const base of [tmpdir(), "/tmp", dataDir]) {
    if (Buffer.byteLength(join(base, "headgate-XXXXXX", "http.sock")) > socketPathBytesMax) continue;
    try {
      if (base === dataDir) await mkdir(base, { recursive: true, mode: 0o700 });
      return await mkdtemp(join(base, "headgate-"));
    } catch {
      // The next one may do.
    }
  }
  throw new ChildFailed("There is no folder for sockets: set TMPDIR to one that has a short name and can be written to.");
}

/** Without what is control's alone. */
function ofWorkers(config: Config): Config {
  return { ...config, database: { url: null }, endpoints: [], keys: [], manifests: [] };
}

function nextWait(beforeMs: number, startedAtMs: number): number {
  return Date.now() - startedAtMs > steadyAfterMs ? restartMinMs : Math.min(beforeMs * 2, restartMaxMs);
}

/** `port`, if it can be had, or one that is free for 0: found out before anything is started. Rejects as `listen` does. */
function freePort(host: string, port: number): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}
