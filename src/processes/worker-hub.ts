// Control's side of its workers: gives them snapshots, does for them what they can't do themselves, and knows how each is.
import type { LeaseAuthority } from "../control/allowances/leases/lease-authority.ts";
import { accountName, type SpendQuestion, type SpendReader } from "../control/allowances/spend-reader.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { ExplainQuestion, Explanation } from "../domain/explanation.ts";
import type { ResponseOwner } from "../domain/response-owner.ts";
import type { SeenHealth } from "../domain/seen-health.ts";
import type { SnapshotContent, SnapshotPatch } from "../domain/snapshot.ts";
import type { BodySink, IdentitySource, ResponseSource, UsageSource } from "../gateway/ports.ts";
import type { ExportedSeries, ProcessSeries } from "../telemetry/exported-series.ts";
import type { ChannelHandlers, ChannelPeer } from "./channel/channel-peer.ts";
import { ChannelServer } from "./channel/channel-server.ts";
import { mergeHealth } from "./merge-health.ts";
import type { ControlFunctions, ProbeResult, WorkerHello, WorkerStatus } from "./protocol.ts";
import { ProvenTokens } from "./proven-tokens.ts";
import { encodeContent, encodePatch } from "./snapshot-codec.ts";

export interface WorkerHubOptions {
  socketPath: string;
  clock: Clock;
  log: Logger;
  /** What newcomers start from; null: nothing is published yet. */
  content: () => SnapshotContent | null;
  /** Null: they have an authority of their own. */
  leases: LeaseAuthority | null;
  spend: SpendReader;
  /** By account, what is known to be spent or under way. */
  knownSpend: () => ReadonlyMap<string, number>;
  identity: Pick<IdentitySource, "verify" | "seen">;
  responses: ResponseSource;
  usage: UsageSource;
  bodies: BodySink;
  hasCaughtUp: () => boolean;
  /** What a worker has counted that is about to end. */
  onLastSeries: (series: ExportedSeries) => void;
  /** What is known of deployments' health has changed. */
  onHealth: () => void;
  /** Those that served before this process was there: changes wait for them too. */
  servingIds: readonly string[];
}

/** A worker that has said hello. */
interface Worker {
  hello: WorkerHello;
  peer: ChannelPeer;
  status: WorkerStatus | null;
  health: Map<string, SeenHealth>;
  /** It works from a snapshot. */
  serves: boolean;
}

export interface SeenWorker extends WorkerHello {
  status: WorkerStatus | null;
}

/** A worker whose event loop is stuck serves nobody either: a change does not wait for it any longer. */
const followTimeoutMs = 2000;
/** So long after its connection is gone it may still serve from what there was before. */
const returnWithinMs = 2000;
/** Spools of those that are gone are in the database by then. */
const recordedWithinMs = 5000;
const replaceTimeoutMs = 10_000;
const askTimeoutMs = 1000;
const caughtUpEveryMs = 500;

export class WorkerHub {
  readonly #options: WorkerHubOptions;
  readonly #workers = new Map<ChannelPeer, Worker>();
  /** Workers that live, serve, and are not connected, by their ids; until when a change waits for them. */
  readonly #away = new Map<string, number>();
  #whenAwayChanges: (() => void)[] = [];
  readonly #tokens: ProvenTokens;
  #lostAtMs = Number.NEGATIVE_INFINITY;
  /** What is current comes from the file that is served from while the database is away. */
  #isStored = false;
  #server: ChannelServer | null = null;
  #timer: Timer | null = null;
  #isClosed = false;

  private constructor(options: WorkerHubOptions) {
    this.#options = options;
    this.#tokens = new ProvenTokens(options.identity, options.clock);
  }

  /** Rejects when the socket can't be had. */
  static async listen(options: WorkerHubOptions): Promise<WorkerHub> {
    const hub = new WorkerHub(options);
    for (const id of options.servingIds) hub.#goesAway(id);
    hub.#server = await ChannelServer.listen({
      path: options.socketPath,
      handlers: hub.#handlers() as unknown as ChannelHandlers,
      onProblem: (error) => options.log.error({ err: error }, "the channel to a worker has a problem"),
      onGone: (peer) => hub.#left(peer),
    });
    hub.#tellCaughtUp();
    return hub;
  }

  get workers(): SeenWorker[] {
    return [...this.#workers.values()].map(({ hello, status }) => ({ ...hello, status }));
  }

  /** Resolves when all workers work from it. `isStored`: or from something newer that they have. */
  async replace(content: SnapshotContent, { isStored = false } = {}): Promise<void> {
    this.#isStored = isStored;
    const argument = { content: encodeContent(content), isStored };
    await this.#followAll((peer) => peer.call("replace", argument, { timeoutMs: replaceTimeoutMs }));
  }

  /** Resolves when all workers work from it. */
  async apply(patch: SnapshotPatch, nowMs: number): Promise<void> {
    const argument = { patch: encodePatch(patch), nowMs };
    await this.#followAll((peer) => peer.call("apply", argument, { timeoutMs: followTimeoutMs }));
  }

  /** One has ended, and what it recorded last may be on its way to the database. */
  get hasJustLostOne(): boolean {
    return this.#options.clock.nowMs() - this.#lostAtMs < recordedWithinMs;
  }

  /** Whose processes have ended is waited for no longer. */
  setLive(processIds: readonly string[]): void {
    for (const id of this.#away.keys()) if (!processIds.includes(id)) this.#isBackOrGone(id);
  }

  probed(results: readonly ProbeResult[]): void {
    for (const peer of this.#workers.keys()) peer.tell("probed", results);
  }

  /** What all know of a deployment together; null: none knows anything. */
  health(deploymentId: string): SeenHealth | null {
    const seen = [...this.#workers.values()].map(({ health }) => health.get(deploymentId) ?? null);
    return mergeHealth(seen.filter((each) => each !== null));
  }

  /** The deployments that some worker does not simply call, and what they are to it. */
  *conditions(): Iterable<[deploymentId: string, condition: string]> {
    for (const { hello, health } of this.#workers.values()) {
      for (const [id, { status }] of health)
        if (status !== "healthy" && status !== "unknown") yield [`${hello.name} ${id}`, status];
    }
  }

  /** As one of the workers would route it; null: none can say. */
  async explain(question: ExplainQuestion, nowMs: number): Promise<Explanation | null> {
    const [peer] = this.#workers.keys();
    if (peer === undefined) return null;
    return await peer.call<Explanation | null>("explain", { question, nowMs }, { timeoutMs: askTimeoutMs }).catch(() => null);
  }

  /** The metrics of those that answer in time. */
  async series(): Promise<ProcessSeries[]> {
    const asked = [...this.#workers.values()].map(async ({ hello, peer }) => ({
      process: hello.name,
      series: await peer.call<ExportedSeries>("series", null, { timeoutMs: askTimeoutMs }),
    }));
    const answers = await Promise.allSettled(asked);
    return answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  }

  /** Waits up to `timeoutMs` for workers that are about to end. */
  async close(timeoutMs: number): Promise<void> {
    const until = Date.now() + timeoutMs;
    while (this.#workers.size > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const id of this.#away.keys()) this.#isBackOrGone(id);
    await this.#server?.close();
  }

  async #followAll(send: (peer: ChannelPeer) => Promise<unknown>): Promise<void> {
    await Promise.all(
      [...this.#workers.values()].map(async (worker) => {
        const { hello, peer } = worker;
        try {
          await send(peer);
          this.#follows(worker);
        } catch (error) {
          // One that has gone is waited for below, if it serves on.
          if (!peer.isOpen) return;
          this.#options.log.error({ err: error, worker: hello.name }, "a worker did not follow a change: its connection is cut");
          peer.close();
        }
      }),
    );
    await this.#untilBack();
  }

  /** One that comes back starts from what there is then. */
  async #untilBack(): Promise<void> {
    while (this.#away.size > 0) {
      const nowMs = this.#options.clock.nowMs();
      for (const [id, untilMs] of this.#away) if (untilMs <= nowMs) this.#away.delete(id);
      if (this.#away.size === 0) return;
      const leftMs = Math.min(...this.#away.values()) - nowMs;
      await new Promise<void>((resolve) => {
        this.#whenAwayChanges.push(resolve);
        this.#options.clock.after(leftMs, resolve);
      });
    }
  }

  #follows(worker: Worker): void {
    worker.serves = true;
    this.#isBackOrGone(worker.hello.processId);
  }

  #goesAway(processId: string): void {
    this.#away.set(processId, this.#options.clock.nowMs() + returnWithinMs);
  }

  #isBackOrGone(processId: string): void {
    if (!this.#away.delete(processId)) return;
    for (const wake of this.#whenAwayChanges.splice(0)) wake();
  }

  #left(peer: ChannelPeer): void {
    const worker = this.#workers.get(peer);
    if (worker === undefined) return;
    this.#workers.delete(peer);
    this.#lostAtMs = this.#options.clock.nowMs();
    // It may be there again already, on another connection.
    const { processId } = worker.hello;
    const isBack = [...this.#workers.values()].some(({ hello }) => hello.processId === processId);
    if (!isBack && worker.serves && !this.#isClosed) this.#goesAway(processId);
    this.#options.onHealth();
  }

  #handlers(): {
    [Name in keyof ControlFunctions]: (argument: Parameters<ControlFunctions[Name]>[0], peer: ChannelPeer) => unknown;
  } {
    const { leases, identity, responses, usage, bodies } = this.#options;
    return {
      hello: (hello, peer) => this.#welcome(hello, peer),
      refill: (batch) => leases?.refill(batch),
      spent: (questions) => this.#spent(questions),
      verify: ({ token, wanted }) => this.#tokens.verify(token, wanted),
      findResponse: (id, peer) => this.#findResponse(id, peer),
      forgetResponse: (id, peer) => {
        for (const other of this.#workers.keys()) if (other !== peer) other.tell("responseForgotten", id);
        return responses.forget(id);
      },
      callerUsage: (query) => usage.ofCaller(query),
      seen: (proven) => identity.seen(proven),
      bodies: (captured) => {
        if (bodies.reserve(captured.reservedBytes)) bodies.keep(captured);
        else bodies.drop(0);
      },
      status: (status, peer) => this.#took(status, peer),
      lastSeries: (series) => this.#options.onLastSeries(series),
    };
  }

  /**
   * What another worker has made: its record is on the way to the ledger, and the caller may be back before that. Rejects when one can't be
   * asked that may have made it.
   */
  async #findResponse(id: string, asking: ChannelPeer): Promise<ResponseOwner | null> {
    const others = [...this.#workers.keys()].filter((peer) => peer !== asking);
    const answers = await Promise.allSettled(
      others.map((peer) => peer.call<ResponseOwner | null>("knownResponse", id, { timeoutMs: askTimeoutMs })),
    );
    for (const answer of answers) if (answer.status === "fulfilled" && answer.value !== null) return answer.value;
    const found = await this.#options.responses.find(id);
    const nowMs = this.#options.clock.nowMs();
    const isMissing =
      [...this.#away.values()].some((untilMs) => untilMs > nowMs) || answers.some(({ status }) => status === "rejected");
    if (found === null && isMissing) throw new Error("a worker that may have made it can't be asked");
    return found;
  }

  /** While the database is away, what is known here is the better answer: a worker that begins then knows nothing. */
  async #spent(questions: readonly SpendQuestion[]): Promise<Map<string, number>> {
    try {
      return await this.#options.spend.spent(questions);
    } catch (error) {
      const known = this.#options.knownSpend();
      const answer = new Map<string, number>();
      for (const { subject, startMs } of questions) {
        const name = accountName(subject, startMs);
        const nanoUsd = known.get(name);
        if (nanoUsd === undefined) throw error;
        answer.set(name, nanoUsd);
      }
      return answer;
    }
  }

  #welcome(hello: WorkerHello, peer: ChannelPeer): null {
    const worker: Worker = { hello, peer, status: null, health: new Map(), serves: false };
    this.#workers.set(peer, worker);
    const content = this.#options.content();
    // Changes that follow come after it: messages keep their order.
    if (content !== null) {
      const argument = { content: encodeContent(content), isStored: this.#isStored };
      peer.call("replace", argument, { timeoutMs: replaceTimeoutMs }).then(
        () => this.#follows(worker),
        (error: unknown) => {
          if (!peer.isOpen) return;
          this.#options.log.error(
            { err: error, worker: hello.name },
            "a worker did not take the snapshot: its connection is cut",
          );
          peer.close();
        },
      );
    }
    peer.tell("caughtUp", this.#options.hasCaughtUp());
    return null;
  }

  #took(status: WorkerStatus, peer: ChannelPeer): void {
    const worker = this.#workers.get(peer);
    if (worker === undefined) return;
    worker.status = status;
    if (status.isAllHealth) worker.health.clear();
    for (const id of status.forgotten) worker.health.delete(id);
    for (const [id, seen] of status.health) worker.health.set(id, seen);
    if (status.health.length + status.forgotten.length > 0) this.#options.onHealth();
  }

  #tellCaughtUp(): void {
    let before: boolean | null = null;
    const look = () => {
      if (this.#isClosed) return;
      const now = this.#options.hasCaughtUp();
      if (now !== before) for (const peer of this.#workers.keys()) peer.tell("caughtUp", now);
      before = now;
      this.#timer = this.#options.clock.after(caughtUpEveryMs, look);
    };
    look();
  }
}
