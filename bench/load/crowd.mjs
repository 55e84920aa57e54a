// A crowd of callers with a connection each, whose requests come at a rate that does not ask whether the answers keep up.
import { connect } from "node:net";

const empty = Buffer.alloc(0);
const headEnd = Buffer.from("\r\n\r\n");
/** One for all connections, none of which keeps it. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/**
 * @typedef {object} Answer
 * @property {number} status 0: the connection broke
 * @property {number} afterMs from the request to the end of the answer
 */

/** One caller: sends a request, and is free again when its answer, whatever it says, is whole. */
class Caller {
  #socket;
  #held = empty;
  #status = 0;
  #remaining = -1;
  #sentAt = 0;
  #answered;
  #port;
  isBusy = false;

  /** @param {number} port @param {(caller: Caller, answer: Answer) => void} answered */
  constructor(port, answered) {
    this.#port = port;
    this.#answered = answered;
  }

  /** Resolves when it is connected. @returns {Promise<void>} */
  connect() {
    return new Promise((resolve, reject) => {
      this.#held = empty;
      this.#remaining = -1;
      this.#socket = connect({
        port: this.#port,
        host: "127.0.0.1",
        noDelay: true,
        onread: { buffer: readBuffer, callback: (size, buffer) => this.#read(buffer.subarray(0, size)) },
      });
      this.#socket.once("connect", () => {
        this.#socket.off("error", reject);
        this.#socket.on("error", () => {});
        resolve();
      });
      this.#socket.once("error", reject);
      this.#socket.once("close", () => this.isBusy && this.#end(0));
    });
  }

  get isOpen() {
    return !this.#socket.destroyed;
  }

  /** @param {Buffer} request */
  send(request) {
    this.isBusy = true;
    this.#sentAt = performance.now();
    this.#socket.write(request);
  }

  close() {
    this.isBusy = false;
    this.#socket.destroy();
  }

  #read(fresh) {
    let bytes = this.#held.length === 0 ? fresh : Buffer.concat([this.#held, fresh]);
    this.#held = empty;
    if (this.#remaining === -1) {
      const end = bytes.indexOf(headEnd);
      if (end === -1) {
        this.#held = Buffer.from(bytes);
        return;
      }
      const head = bytes.latin1Slice(0, end).toLowerCase();
      this.#status = Number(head.slice(9, 12));
      this.#remaining = Number(/\r\ncontent-length: *(\d+)/.exec(head)?.[1]);
      bytes = bytes.subarray(end + 4);
    }
    this.#remaining -= bytes.length;
    if (this.#remaining > 0) return;
    const status = this.#remaining === 0 ? this.#status : 0;
    this.#remaining = -1;
    if (status === 0) this.#socket.destroy();
    this.#end(status);
  }

  #end(status) {
    this.isBusy = false;
    this.#answered(this, { status, afterMs: performance.now() - this.#sentAt });
  }
}

export class Crowd {
  #callers = [];
  /** Those that wait for nothing. A queue, so that all of them take part. */
  #free = [];
  #onAnswer = () => {};
  #again = null;

  /** @param {{ port: number, callers: number }} options */
  static async open({ port, callers }) {
    const crowd = new Crowd();
    for (let opened = 0; opened < callers; opened += 200) {
      const some = Array.from(
        { length: Math.min(200, callers - opened) },
        () => new Caller(port, (caller, answer) => crowd.#answered(caller, answer)),
      );
      await Promise.all(some.map((caller) => caller.connect()));
      crowd.#callers.push(...some);
    }
    crowd.#free.push(...crowd.#callers);
    return crowd;
  }

  /**
   * Offers `perSecond` requests for `seconds`. A request for which no caller is free is withheld: who waits for an answer
   * asks nothing else meanwhile.
   * @param {{ request: Buffer, perSecond: number, seconds: number, onAnswer: (answer: Answer, atMs: number) => void }} load `atMs`: since the begin
   * @returns {Promise<{ offered: number, withheld: number }>}
   */
  async offer({ request, perSecond, seconds, onAnswer }) {
    const startedAt = performance.now();
    this.#onAnswer = (answer) => onAnswer(answer, performance.now() - startedAt);
    let offered = 0;
    let withheld = 0;
    const total = Math.round(perSecond * seconds);
    while (offered < total) {
      const due = Math.min(total, Math.floor(((performance.now() - startedAt) * perSecond) / 1000));
      // At most so many at one time, or the answers would wait for the requests.
      for (let sent = 0; offered < due && sent < 200; offered++) {
        const caller = this.#free.shift();
        if (caller === undefined) withheld++;
        else {
          caller.send(request);
          sent++;
        }
      }
      await (offered < due ? new Promise((next) => setImmediate(next)) : new Promise((next) => setTimeout(next, 1)));
    }
    return { offered, withheld };
  }

  /**
   * All callers ask again as soon as they are answered, whatever the answer says.
   * @param {{ request: Buffer, seconds: number, callers?: number, onAnswer: (answer: Answer, atMs: number) => void }} load
   */
  async insist({ request, seconds, callers = this.#callers.length, onAnswer }) {
    const startedAt = performance.now();
    this.#onAnswer = (answer) => onAnswer(answer, performance.now() - startedAt);
    this.#again = request;
    for (const caller of this.#free.splice(0, callers)) caller.send(request);
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    this.#again = null;
  }

  /** Resolves when nobody waits for an answer. @param {number} timeoutMs rejects after that */
  async settled(timeoutMs) {
    const deadline = performance.now() + timeoutMs;
    while (this.#callers.some((caller) => caller.isBusy)) {
      if (performance.now() > deadline) throw new Error("some requests are not answered");
      await new Promise((next) => setTimeout(next, 10));
    }
  }

  close() {
    for (const caller of this.#callers) caller.close();
  }

  #answered(caller, answer) {
    this.#onAnswer(answer);
    if (!caller.isOpen)
      caller.connect().then(
        () => this.#free.push(caller),
        () => {},
      );
    else if (this.#again !== null) caller.send(this.#again);
    else this.#free.push(caller);
  }
}
