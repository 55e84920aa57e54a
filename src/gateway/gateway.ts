// The data plane as one object: takes requests from the listener, runs each as a call, counts those in flight, drains.
import type { Clock } from "../core/clock.ts";
import { HeadgateError } from "../core/errors.ts";
import { newId } from "../core/ids.ts";
import type { ProxyHeaderConfig } from "../domain/identity-config.ts";
import type { Limits } from "../domain/limits.ts";
import { OutputEstimates } from "./allowances/output-estimates.ts";
import { type Call, CallerGone } from "./call.ts";
import type { CallerReply } from "./caller-reply.ts";
import type { CallerRequest } from "./caller-request.ts";
import { CallsInFlight } from "./calls-in-flight.ts";
import { forgetCall, trackCall } from "./connection-calls.ts";
import { type CallDeps, handleCall } from "./handle-call.ts";
import { AnnouncedCallers } from "./identity/announced-callers.ts";
import { SourceAddresses } from "./identity/source-address.ts";
import { TokenCallers } from "./identity/token-callers.ts";
import { IncludeUsage } from "./include-usage.ts";
import type { LoadGate } from "./load/load-gate.ts";
import { TurnQueue } from "./load/turn-queue.ts";
import { pageHeaders } from "./playground/page-headers.ts";
import { playgroundRoute } from "./playground/playground-route.ts";
import type {
  AllowanceSource,
  BodySink,
  EventSink,
  IdentitySource,
  ResponseSource,
  SnapshotSource,
  UsageSink,
  UsageSource,
} from "./ports.ts";
import { BodyBudget, type BodyLimits } from "./receive-body.ts";
import { sendError, sendErrorTo } from "./reply/send-error.ts";
import { ResponseOwners } from "./responses/response-owners.ts";
import { callerDialect, parseRoute } from "./route.ts";
import type { RoutingState } from "./routing/routing-state.ts";
import type { Snapshot } from "./snapshot.ts";
import { UpstreamPools } from "./upstream/upstream-pools.ts";
import { UsageView } from "./usage-view.ts";

export interface GatewayOptions {
  snapshots: SnapshotSource;
  sink: UsageSink;
  events: EventSink;
  clock: Clock;
  limits: BodyLimits;
  routing: RoutingState;
  /** Who made the responses that providers keep. */
  responses: ResponseSource;
  /** What callers have used. Default: it can't be told. */
  usage?: UsageSource;
  /** Names this process in the ledger. */
  processId: string;
  identity: IdentityOptions;
  allowances: AllowanceSource;
  /** Default: no bodies are kept, whatever keys and groups say. */
  bodies?: BodySink;
  /** Says for each new call whether there is room for it; closed with the gateway. Default: there always is. */
  load?: LoadGate;
}

/** A request that is to become a call. */
interface Arrival {
  req: CallerRequest;
  res: CallerReply;
  target: string;
  expectsContinue: boolean;
  /** Null: its credentials say whose it is. */
  userId: string | null;
}

/** How callers without a Headgate key are known. */
export interface IdentityOptions {
  source: IdentitySource;
  /** Whose word about a caller's address is taken. */
  trustedProxies: readonly string[];
  /** Null: no proxy's word about who calls is taken. */
  proxyHeader: ProxyHeaderConfig | null;
  /** Of callers for whom nothing else is set. */
  defaultLimits: Limits;
}

function tokenCallers({ identity, clock }: GatewayOptions): TokenCallers {
  const { source, trustedProxies, proxyHeader, defaultLimits } = identity;
  const announced = proxyHeader === null ? null : new AnnouncedCallers({ config: proxyHeader, source, defaultLimits });
  return new TokenCallers({ source, addresses: new SourceAddresses(trustedProxies), announced, defaultLimits, clock });
}

/** Somebody who has signed in just now, or while the database is away. */
function unknownUser(): HeadgateError {
  const message = "This user is not known to the gateway yet. Retry shortly.";
  return new HeadgateError("auth_unavailable", { message, retryAfterSeconds: 1 });
}

function starting(): HeadgateError {
  return new HeadgateError("starting", { retryAfterSeconds: 2 });
}

function draining(): HeadgateError {
  return new HeadgateError("draining", { retryAfterSeconds: 1 });
}

const noUsage: UsageSource = { ofCaller: () => Promise.reject(new Error("there is no ledger here")) };

/** Lists of models, and what a caller asks about itself, are for those who look what is wrong: they are always answered. */
function isModelCall({ method = "GET" }: CallerRequest, target: string): boolean {
  if (method !== "GET" && method !== "HEAD") return true;
  try {
    return parseRoute(method, target).kind === "call";
  } catch {
    return false;
  }
}

/** After the drain's own timeout: for the ends of what was broken off to reach their callers. */
const cutTimeoutMs = 2000;

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #deps: CallDeps;
  readonly #inFlight = new CallsInFlight();
  /** Whoever hands calls to `handle` may have them wait for their turn before: what has not been read yet is the cheapest to keep. */
  readonly turns = new TurnQueue();
  #draining = false;
  #whenIdle: (() => void) | null = null;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const { proxyHeader } = options.identity;
    this.#deps = {
      pools: new UpstreamPools(options.clock),
      routing: options.routing,
      responses: new ResponseOwners({ source: options.responses, clock: options.clock }),
      usage: new UsageView({ source: options.usage ?? noUsage, clock: options.clock }),
      sink: options.sink,
      includeUsage: new IncludeUsage(),
      outputs: new OutputEstimates(),
      clock: options.clock,
      processId: options.processId,
      limits: options.limits,
      budget: new BodyBudget(),
      callers: tokenCallers(options),
      allowances: options.allowances,
      bodies: options.bodies ?? null,
      identityHeaders: new Set(proxyHeader === null ? [] : [proxyHeader.userHeader, proxyHeader.groupsHeader]),
    };
  }

  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** Who made which response, as far as this process knows: for others that serve the same callers. */
  get responses(): Pick<ResponseOwners, "known" | "forgotten"> {
    return this.#deps.responses;
  }

  get heldBodyBytes(): number {
    return this.#deps.budget.heldBytes;
  }

  /** Handles one request from start to end; never throws. `waitedMs`: for the turn that it has; left out: it has none yet. False: no call has begun. */
  handle(req: CallerRequest, res: CallerReply, expectsContinue: boolean, waitedMs?: number): boolean {
    const arrival = { req, res, target: req.url ?? "/", expectsContinue, userId: null };
    return waitedMs === undefined ? this.#arrive(arrival) : this.#begin(arrival, waitedMs);
  }

  /**
   * The same for a user who calls from a page and has been authenticated as that: what `target` asks for is theirs, whatever
   * the request's own path and credentials say, and none of those reaches an endpoint.
   */
  handleOfUser(userId: string, target: string, req: CallerRequest, res: CallerReply): void {
    this.#arrive({ req, res, target, expectsContinue: false, userId });
  }

  /** Answers a request that does not become a call. */
  refuse(error: HeadgateError, target: string, req: CallerRequest, res: CallerReply): void {
    sendErrorTo(req, res, error, callerDialect(target, req.headers), newId("req"));
  }

  #arrive(arrival: Arrival): boolean {
    if (this.turns.take()) return this.#begin(arrival, 0);
    this.turns.wait((waitedMs) => this.#begin(arrival, waitedMs));
    return false;
  }

  #begin(arrival: Arrival, waitedMs: number): boolean {
    const { req, res, target, expectsContinue, userId } = arrival;
    const overload = this.#draining ? null : (this.#options.load?.refusal(this.#inFlight.size, waitedMs) ?? null);
    if (overload !== null && isModelCall(req, target)) return this.#shed(overload, arrival);
    const dialect = callerDialect(target, req.headers);
    const id = newId("req");
    const snapshot = this.#options.snapshots.current();
    if (snapshot === null || this.#draining) {
      const error = snapshot === null ? starting() : draining();
      sendErrorTo(req, res, error, dialect, id);
      return false;
    }

    const { defaultLimits } = this.#options.identity;
    const principal = userId === null ? null : snapshot.principalOfUser(userId, defaultLimits);
    if (principal === undefined) {
      sendErrorTo(req, res, unknownUser(), dialect, id);
      return false;
    }

    const queryAt = target.indexOf("?");
    const call: Call = {
      req,
      rawHeaders: principal === null ? req.rawHeaders : pageHeaders(req.rawHeaders),
      res,
      id,
      startedAtMs: this.#options.clock.nowMs(),
      method: req.method ?? "GET",
      path: queryAt < 0 ? target : target.slice(0, queryAt),
      dialect,
      snapshot,
      expectsContinue,
      principal,
      payingGroupId: "",
      reservation: null,
      standing: null,
      usedTokens: 0,
      usedNanoUsd: 0,
      model: null,
      endpoint: null,
      attempts: 0,
      firstByteAtMs: null,
      status: 0,
      errorCode: null,
      detail: null,
      heldBytes: 0,
      capture: null,
      abort: null,
      isGone: false,
      slot: -1,
      siblings: null,
      onGone: null,
    };
    this.#inFlight.add(call);
    trackCall(call, this.#onGone);
    void this.#run(call, target);
    return true;
  }

  /** Cheap, and the connection stays: a caller who has to connect anew costs more than the call. Returns that no call has begun. */
  #shed(overload: HeadgateError, { target, req, res }: Arrival): false {
    this.refuse(overload, target, req, res);
    this.#options.load?.refused(overload, req, this.#inFlight.size);
    return false;
  }

  async #run(call: Call, target: string): Promise<void> {
    try {
      const readRoute = call.principal === null ? parseRoute : playgroundRoute;
      await handleCall(this.#deps, call, readRoute(call.method, target));
    } catch (error) {
      this.#answerFailure(call, error);
    }
    this.#deps.budget.heldBytes -= call.heldBytes;
    const { reservation, usedTokens: tokens, usedNanoUsd: costNanoUsd } = call;
    reservation?.settle({ tokens, costNanoUsd }, this.#options.clock.nowMs());
    call.capture?.finish(call);
    const over = () => this.#over(call);
    call.onGone = over;
    this.#report(call);
    // What node:http still holds of an answer would go down with the process: a call is in flight until that is on its way.
    if (call.isGone || call.res.writableFinished || call.res.destroyed) this.#over(call);
    else call.res.once("finish", over);
  }

  readonly #onGone = (call: Call): void => {
    call.isGone = true;
    call.onGone?.();
  };

  #over(call: Call): void {
    call.onGone = null;
    forgetCall(call);
    this.#inFlight.delete(call);
    if (this.#inFlight.size === 0) this.#whenIdle?.();
  }

  #answerFailure(call: Call, error: unknown): void {
    if (error instanceof CallerGone) {
      call.status = 499;
      call.errorCode = "client_disconnected";
      call.res.destroy();
    } else if (error instanceof HeadgateError) {
      sendError(call, error);
    } else {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (call.res.headersSent) call.res.destroy();
      sendError(call, new HeadgateError("internal_error", { detail: cause }));
    }
  }

  #report(call: Call): void {
    const nowMs = this.#options.clock.nowMs();
    this.#options.events.requestFinished({
      requestId: call.id,
      method: call.method,
      path: call.path,
      keyId: call.principal?.key?.id ?? null,
      userId: call.principal?.userId ?? null,
      model: call.model,
      endpoint: call.endpoint?.name ?? null,
      status: call.status,
      errorCode: call.errorCode,
      attempts: call.attempts,
      durationMs: nowMs - call.startedAtMs,
      ttftMs: call.firstByteAtMs === null ? null : call.firstByteAtMs - call.startedAtMs,
      detail: call.detail,
    });
  }

  /** The body of `req` took too long: its call ends, and the caller is told. False when `req` is no call that can be told. */
  bodyTimedOut(req: CallerRequest): boolean {
    for (const call of this.#inFlight) {
      if (call.req !== req || call.abort === null) continue;
      call.abort(new HeadgateError("body_timeout"));
      return true;
    }
    return false;
  }

  /** Forgets what was kept about endpoints, deployments and models that a new snapshot no longer has. */
  snapshotChanged(snapshot: Snapshot): void {
    const endpoints = [...snapshot.endpoints()];
    this.#deps.pools.keepOnly(endpoints);
    this.#deps.includeUsage.keepOnly(endpoints);
    this.#deps.routing.follow(snapshot, this.#options.clock.nowMs());
  }

  /** Refuses new calls; resolves when those in flight have ended, or after `timeoutMs`, when the rest are told and cut. */
  async drain(timeoutMs: number): Promise<void> {
    // What came before the end is no new call.
    this.turns.flush();
    this.#draining = true;
    this.#options.load?.release();
    // Answers that have not begun say `connection: close`, so that no caller sends its next request into a closing connection.
    for (const call of this.#inFlight) call.res.shouldKeepAlive = false;
    await this.#idle(timeoutMs);
    for (const call of this.#inFlight) call.abort?.(draining());
    await this.#idle(cutTimeoutMs);
  }

  /** Resolves when no call is in flight, or after `timeoutMs`. */
  #idle(timeoutMs: number): Promise<void> {
    if (this.#inFlight.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(timeoutMs, resolve);
      this.#whenIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  /** Closes all connections to endpoints. */
  async close(): Promise<void> {
    this.#options.load?.close();
    await this.#deps.pools.close();
  }
}
