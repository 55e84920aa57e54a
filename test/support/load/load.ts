// Many callers at once, each making one call after the other on a connection of its own, who note what they got of every answer.
import type { Random } from "../random.ts";
import { between } from "../random.ts";
import type { RawConnection } from "../raw-http/raw-connection.ts";
import { rawConnect, rawRequestBytes } from "../raw-http.ts";
import { bodyOf, type LoadCall, loadShapes, targetOf, terminatorOf } from "./load-call.ts";

const callTimeoutMs = 30_000;

export interface LoadOptions {
  model: string;
  callers: number;
  random: Random;
  /** The longest pause before a chunk of an answer. Default 8. */
  everyMsMax?: number;
  /** Pause of a caller between two calls. Default 0. */
  pauseMs?: number;
}

/** The keys of the callers, for the config file. */
export function callerKeys(callers: number): { name: string; key: string }[] {
  return Array.from({ length: callers }, (_, caller) => ({ name: `caller-${caller}`, key: keyOf(caller) }));
}

function keyOf(caller: number): string {
  return `key-of-caller-${caller}-0123456789`;
}

export class Load {
  /** Every call ever sent, in order of sending per caller. */
  readonly calls: LoadCall[] = [];
  readonly #options: LoadOptions;
  #running: Promise<void>[] = [];
  #stopping = false;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Calls with a complete answer of 200. */
  get served(): LoadCall[] {
    return this.calls.filter((call) => call.isComplete && call.status === 200);
  }

  /** Calls that got anything but a complete answer of 200. */
  get failed(): LoadCall[] {
    return this.calls.filter((call) => !call.isComplete || call.status !== 200);
  }

  /** Lets all callers loose on `url`. A caller whose connection breaks is done; so is one that is told to stop. */
  async start(url: string): Promise<void> {
    this.#stopping = false;
    const connections = await Promise.all(Array.from({ length: this.#options.callers }, () => rawConnect(url)));
    this.#running = connections.map((connection, caller) => this.#keepCalling(connection, caller));
  }

  /** Resolves when every caller's connection has broken: after the server was killed. */
  async untilCut(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Lets the calls in flight finish and makes no more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
  }

  async #keepCalling(connection: RawConnection, caller: number): Promise<void> {
    const { pauseMs = 0 } = this.#options;
    try {
      while (!this.#stopping && !connection.socket.destroyed) {
        await this.#callOnce(connection, this.#newCall(caller));
        if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    } finally {
      await connection.destroy();
    }
  }

  #newCall(caller: number): LoadCall {
    const { random, everyMsMax = 8, model } = this.#options;
    const number = this.calls.length + 1;
    const shape = loadShapes[between(random, 0, loadShapes.length - 1)] as (typeof loadShapes)[number];
    const asked = { number, shape, words: between(random, 1, 15), everyMs: between(random, 0, everyMsMax) };
    const nothing = { requestId: null, status: null, errorCode: null, isComplete: false };
    const call = { ...asked, caller, body: bodyOf(model, asked), ...nothing };
    this.calls.push(call);
    return call;
  }

  async #callOnce(connection: RawConnection, call: LoadCall): Promise<void> {
    const headers = { authorization: `Bearer ${keyOf(call.caller)}`, "content-type": "application/json" };
    const response = connection.expect("POST");
    connection.send(
      rawRequestBytes("http://headgate", { method: "POST", target: targetOf(call.shape), headers, body: call.body }),
    );
    await response.done(callTimeoutMs);
    if (!response.begun) return;
    call.requestId = response.headers["x-request-id"] ?? null;
    call.status = response.status;
    call.errorCode = response.headers["x-headgate-error-code"] ?? null;
    call.isComplete = response.ended === "complete" || (terminatorOf(call.shape)?.test(response.text) ?? false);
  }
}
