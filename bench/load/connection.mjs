// A keep-alive HTTP/1.1 connection that does as little as it can: sends ready-made bytes and compares the answer with the right one.
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { machineNowUs } from "./clock.mjs";
import { StampReader } from "./stamps.mjs";

const inHead = 0;
const inBody = 1;
const inChunkSize = 2;
const inChunk = 3;
const afterChunk = 4;
const afterLastChunk = 5;
const untilClose = 6;

const empty = Buffer.alloc(0);
const headEnd = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");
/** One for all reads of all connections, none of which keeps it: the generator shall cost less than what it measures. */
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/**
 * @typedef {object} Where
 * @property {string} [host] 127.0.0.1
 * @property {number} port
 * @property {boolean} [isTls]
 * @property {boolean} [isForeign] something that may answer in its own words: any body is taken, what is no 200 is counted (`failures`), and
 * a connection that was closed is opened again
 */

export class Connection {
  #where;
  #socket;
  #fail;
  #onError;
  #held = empty;
  #state = inHead;
  /** Bytes of the body or of the current chunk that are still to come. */
  #remaining = 0;
  #expected = empty;
  #position = 0;
  #done = null;
  #isRight = true;
  #stamps = null;
  #onDelay = null;
  /** Reads that brought bytes of a body. */
  bodyReads = 0;
  /** When the body of the last answer began, by `performance.now()`; 0 when there was none. */
  firstByteAt = 0;
  /** Called when the body of an answer begins. @type {(() => void) | null} */
  onFirstByte = null;
  /** Answers of a foreign gateway that were no 200, or broke off. */
  failures = 0;

  /**
   * Opens a connection. `onError` is called once, with the reason why nothing more will come.
   * @param {number | Where} where a number: the port on this machine
   * @param {(error: Error) => void} onError
   * @returns {Promise<Connection>}
   */
  static open(where, onError) {
    return new Promise((resolve, reject) => {
      const connection = new Connection(typeof where === "number" ? { port: where } : where, (error) => {
        reject(error);
        onError(error);
      });
      connection.#connect(() => resolve(connection));
    });
  }

  constructor(where, onError) {
    this.#where = where;
    this.#onError = onError;
  }

  /** `onDelay` is called with the ms that each stamped chunk of later answers was on its way. */
  readStamps(onDelay) {
    this.#stamps = new StampReader();
    this.#onDelay = (writtenUs) => onDelay((machineNowUs() - writtenUs) / 1000);
  }

  /** Sends `request`; calls `done` when an answer of status 200 with exactly the body `expected` has arrived whole. */
  send(request, expected, done) {
    this.#expected = expected;
    this.#position = 0;
    this.#done = done;
    this.#isRight = true;
    this.firstByteAt = 0;
    if (this.#socket.destroyed) this.#connect(() => this.#socket.write(request));
    else this.#socket.write(request);
  }

  close() {
    this.#fail = () => {};
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
  }

  #connect(onConnected) {
    const { host = "127.0.0.1", port, isTls = false } = this.#where;
    let isOver = false;
    this.#held = empty;
    this.#state = inHead;
    const fail = (error) => {
      if (isOver) return;
      isOver = true;
      socket.destroy();
      if (this.#where.isForeign === true && this.#socket === socket && hasConnected) this.#broken();
      else this.#onError(error);
    };
    let hasConnected = false;
    const socket = isTls
      ? connectTls({ host, port, servername: host }).on("data", (bytes) => this.#read(bytes))
      : connect({
          port,
          host,
          noDelay: true,
          onread: { buffer: readBuffer, callback: (size, buffer) => this.#read(buffer.subarray(0, size)) },
        });
    this.#fail = fail;
    this.#socket = socket;
    socket.once(isTls ? "secureConnect" : "connect", () => {
      hasConnected = true;
      onConnected();
    });
    socket.on("error", fail);
    socket.on("close", () => fail(new Error(`port ${port} closed the connection`)));
  }

  /** A foreign gateway closed: as the end of the answer, in the midst of it, or between two. */
  #broken() {
    const done = this.#done;
    if (done === null) return;
    if (this.#state !== untilClose || !this.#isRight) this.failures++;
    this.#done = null;
    done();
  }

  #read(fresh) {
    const bytes = this.#held.length === 0 ? fresh : Buffer.concat([this.#held, fresh]);
    this.#held = empty;
    if (this.#state !== inHead) this.bodyReads++;
    let at = 0;
    while (at < bytes.length) {
      const next = this.#advance(bytes, at);
      if (next === -1) return;
      if (next === at) {
        this.#held = Buffer.from(bytes.subarray(at));
        return;
      }
      at = next;
    }
  }

  /** Reads one part of the answer from `at`; returns where the next begins, `at` when more bytes are needed, -1 after a failure. */
  #advance(bytes, at) {
    switch (this.#state) {
      case inHead:
        return this.#readHead(bytes, at);
      case inBody:
      case inChunk:
      case untilClose:
        return this.#readBody(bytes, at);
      case inChunkSize: {
        const end = bytes.indexOf(lineEnd, at);
        if (end === -1) return at;
        this.#remaining = Number.parseInt(bytes.latin1Slice(at, end), 16);
        this.#state = this.#remaining === 0 ? afterLastChunk : inChunk;
        return end + 2;
      }
      default: {
        if (bytes.length - at < 2) return at;
        if (this.#state === afterChunk) this.#state = inChunkSize;
        else if (!this.#finish()) return -1;
        return at + 2;
      }
    }
  }

  #readHead(bytes, at) {
    const end = bytes.indexOf(headEnd, at);
    if (end === -1) return at;
    const head = bytes.latin1Slice(at, end).toLowerCase();
    if (!head.startsWith("http/1.1 200")) {
      this.#isRight = false;
      if (this.#where.isForeign !== true) return this.#refuse(bytes.toString("latin1", at, at + 1500));
    }
    const length = head.indexOf("\r\ncontent-length:");
    if (length !== -1) {
      this.#remaining = Number.parseInt(head.slice(length + 17), 10);
      this.#state = inBody;
      if (this.#remaining === 0 && !this.#finish()) return -1;
    } else if (head.includes("\r\ntransfer-encoding: chunked")) {
      this.#state = inChunkSize;
    } else if (this.#where.isForeign === true) {
      this.#remaining = Number.POSITIVE_INFINITY;
      this.#state = untilClose;
    } else {
      return this.#refuse(`neither content-length nor chunks:\n${head}`);
    }
    return end + 4;
  }

  #readBody(bytes, at) {
    const end = Math.min(bytes.length, at + this.#remaining);
    const position = this.#position + (end - at);
    if (this.firstByteAt === 0) {
      this.firstByteAt = performance.now();
      this.onFirstByte?.();
    }
    this.#stamps?.read(bytes, at, end, this.#onDelay);
    if (this.#where.isForeign !== true && !this.#isExpected(bytes, at, end, position)) {
      return this.#refuse(`a wrong body: ${bytes.toString("latin1", at, Math.min(end, at + 500))}`);
    }
    this.#position = position;
    this.#remaining -= end - at;
    if (this.#remaining > 0) return end;
    if (this.#state === inChunk) this.#state = afterChunk;
    else if (!this.#finish()) return -1;
    return end;
  }

  #isExpected(bytes, at, end, position) {
    const expected = this.#expected;
    return position <= expected.length && bytes.compare(expected, this.#position, position, at, end) === 0;
  }

  #finish() {
    this.#state = inHead;
    if (this.#where.isForeign === true) {
      if (!this.#isRight) this.failures++;
    } else if (this.#position !== this.#expected.length) {
      this.#refuse(`a body of ${this.#position} bytes in place of ${this.#expected.length}`);
      return false;
    }
    const done = this.#done;
    this.#done = null;
    done();
    return true;
  }

  #refuse(what) {
    this.#fail(new Error(`the answer is not the provider's: ${what}`));
    return -1;
  }
}
