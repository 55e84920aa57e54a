// A keep-alive HTTP/1.1 connection that does as little as it can: sends ready-made bytes and compares the answer with the right one.
import { connect } from "node:net";

const inHead = 0;
const inBody = 1;
const inChunkSize = 2;
const inChunk = 3;
const afterChunk = 4;
const afterLastChunk = 5;

const empty = Buffer.alloc(0);
const headEnd = Buffer.from("\r\n\r\n");
const lineEnd = Buffer.from("\r\n");

export class Connection {
  #socket;
  #fail;
  #held = empty;
  #state = inHead;
  /** Bytes of the body or of the current chunk that are still to come. */
  #remaining = 0;
  #expected = empty;
  #position = 0;
  #done = null;
  /** Reads that brought bytes of a body. */
  bodyReads = 0;

  /**
   * Opens a connection to `port` of this machine. `onError` is called once, with the reason why nothing more will come.
   * @returns {Promise<Connection>}
   */
  static open(port, onError) {
    return new Promise((resolve, reject) => {
      const connection = new Connection(port, (error) => {
        reject(error);
        onError(error);
      });
      connection.#socket.once("connect", () => resolve(connection));
    });
  }

  constructor(port, onError) {
    let isOver = false;
    this.#fail = (error) => {
      if (isOver) return;
      isOver = true;
      this.#socket.destroy();
      onError(error);
    };
    this.#socket = connect({
      port,
      host: "127.0.0.1",
      noDelay: true,
      // one buffer for all reads: the generator shall cost less than what it measures
      onread: { buffer: Buffer.allocUnsafe(64 * 1024), callback: (size, buffer) => this.#read(buffer.subarray(0, size)) },
    });
    this.#socket.on("error", this.#fail);
    this.#socket.on("close", () => this.#fail(new Error(`port ${port} closed the connection`)));
  }

  /** Sends `request`; calls `done` when an answer of status 200 with exactly the body `expected` has arrived whole. */
  send(request, expected, done) {
    this.#expected = expected;
    this.#position = 0;
    this.#done = done;
    this.#socket.write(request);
  }

  close() {
    this.#fail = () => {};
    this.#socket.removeAllListeners("close");
    this.#socket.destroy();
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
    if (!head.startsWith("http/1.1 200")) return this.#refuse(bytes.toString("latin1", at, at + 1500));
    const length = head.indexOf("\r\ncontent-length:");
    if (length !== -1) {
      this.#remaining = Number.parseInt(head.slice(length + 17), 10);
      this.#state = inBody;
    } else if (head.includes("\r\ntransfer-encoding: chunked")) {
      this.#state = inChunkSize;
    } else {
      return this.#refuse(`neither content-length nor chunks:\n${head}`);
    }
    return end + 4;
  }

  #readBody(bytes, at) {
    const end = Math.min(bytes.length, at + this.#remaining);
    const position = this.#position + (end - at);
    if (position > this.#expected.length || bytes.compare(this.#expected, this.#position, position, at, end) !== 0) {
      return this.#refuse(`a wrong body: ${bytes.toString("latin1", at, Math.min(end, at + 500))}`);
    }
    this.#position = position;
    this.#remaining -= end - at;
    if (this.#remaining > 0) return end;
    if (this.#state === inChunk) this.#state = afterChunk;
    else if (!this.#finish()) return -1;
    return end;
  }

  #finish() {
    this.#state = inHead;
    if (this.#position !== this.#expected.length) {
      this.#refuse(`a body of ${this.#position} bytes in place of ${this.#expected.length}`);
      return false;
    }
    this.#done();
    return true;
  }

  #refuse(what) {
    this.#fail(new Error(`the answer is not the provider's: ${what}`));
    return -1;
  }
}
