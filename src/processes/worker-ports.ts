// The gateway's ports in a worker: what it can't do itself is asked of control, and fails as it does when the database is away.
import type { LeaseAnswer, LeaseAuthority, LeaseBatch } from "../control/allowances/leases/lease-authority.ts";
import type { SpendQuestion, SpendReader } from "../control/allowances/spend-reader.ts";
import type { CapturedBodies } from "../domain/captured-bodies.ts";
import type { ProvenIdentity, TokenVerdict } from "../domain/identity.ts";
import type { ResponseOwner } from "../domain/response-owner.ts";
import type { BodySink, CallerUsageQuery, IdentitySource, ResponseSource, UsageSource } from "../gateway/ports.ts";
import type { ChannelPeer } from "./channel/channel-peer.ts";
import type { ControlFunctions } from "./protocol.ts";

type Control = Pick<ChannelPeer, "call" | "tell" | "isOpen">;

/** Longer than control itself waits for the database. */
const askTimeoutMs = 10_000;
/** Longer than identity providers may take, one after the other. */
const verifyTimeoutMs = 60_000;

function ask<Name extends keyof ControlFunctions>(
  control: Control,
  name: Name,
  argument: Parameters<ControlFunctions[Name]>[0],
  timeoutMs: number,
): Promise<Awaited<ReturnType<ControlFunctions[Name]>>> {
  return control.call(name, argument, { timeoutMs });
}

export class ControlResponses implements ResponseSource {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  find(id: string): Promise<ResponseOwner | null> {
    return ask(this.#control, "findResponse", id, askTimeoutMs);
  }

  forget(id: string): Promise<void> {
    return ask(this.#control, "forgetResponse", id, askTimeoutMs);
  }
}

export class ControlUsage implements UsageSource {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  ofCaller(query: CallerUsageQuery): Promise<object> {
    return ask(this.#control, "callerUsage", query, askTimeoutMs);
  }
}

export class ControlSpend implements SpendReader {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  spent(accounts: readonly SpendQuestion[]): Promise<Map<string, number>> {
    return ask(this.#control, "spent", [...accounts], askTimeoutMs);
  }
}

/** Control's authority over allowances. */
export class ControlLeases implements LeaseAuthority {
  readonly #control: Control;

  constructor(control: Control) {
    this.#control = control;
  }

  refill(batch: LeaseBatch): Promise<LeaseAnswer> {
    return ask(this.#control, "refill", batch, batch.deadlineMs);
  }

  /** Which processes are gone, control knows itself. */
  async forget(): Promise<void> {}

  async close(): Promise<void> {}
}

export class ControlIdentity implements IdentitySource {
  readonly #control: Control;
  readonly mayKnow: (token: string) => boolean;

  constructor(control: Control, mayKnow: (token: string) => boolean) {
    this.#control = control;
    this.mayKnow = mayKnow;
  }

  async verify(token: string, wanted: { groups: boolean }): Promise<TokenVerdict> {
    try {
      return await ask(this.#control, "verify", { token, wanted }, verifyTimeoutMs);
    } catch {
      return { kind: "unavailable", detail: "the control process is away" };
    }
  }

  seen(identity: ProvenIdentity): void {
    this.#control.tell("seen", identity);
  }
}

const bodyBytesMax = 32 * 1024 * 1024;

/** Bodies go to control at once, which keeps them until the database has them. */
export class ControlBodies implements BodySink {
  readonly #control: Control;
  heldBytes = 0;
  dropped = 0;

  constructor(control: Control) {
    this.#control = control;
  }

  reserve(bytes: number): boolean {
    if (this.heldBytes + bytes > bodyBytesMax) return false;
    this.heldBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.heldBytes -= bytes;
  }

  drop(bytes: number): void {
    this.heldBytes -= bytes;
    this.dropped++;
  }

  keep(bodies: CapturedBodies): void {
    this.heldBytes -= bodies.reservedBytes;
    if (!this.#control.tell("bodies", bodies)) this.dropped++;
  }
}
