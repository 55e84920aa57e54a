// The authority in Redis: sends batches to the script, keeps one connection, and gives up on what does not answer in time.
import { createHash, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import type { Secret } from "../../../core/secret.ts";
import type { LeaseAnswer, LeaseAuthority, LeaseBatch } from "../leases/lease-authority.ts";
import { decodeAnswer, encodeBatch } from "./batch-codec.ts";
import { clockKey, goneKey, leaseScript } from "./lease-script.ts";

/** Redis's client is loaded with the first connection: a process without Redis is 15 MB smaller without it. */
const load = createRequire(import.meta.url);
const scriptSha = createHash("sha1").update(leaseScript).digest("hex");
const connectTimeoutMs = 1000;
const reconnectMaxMs = 1000;
/** A connection on which nothing came for so long, though something was asked, is replaced. */
const silentConnectionMs = 3000;

type Client = ReturnType<typeof makeClient>;

export interface RedisAuthorityOptions {
  url: Secret;
  /** Replaces Redis's time: for tests. */
  timeMs?: () => number;
  /** Replaces the deadlines of batches: for tests whose time stands still. */
  timeoutMs?: () => number;
  /** A connection that broke, or could not be made; texts never hold the URL. */
  onError?: (error: Error) => void;
}

export class RedisAuthority implements LeaseAuthority {
  readonly #url: Secret;
  readonly #timeMs: () => number | null;
  readonly #timeoutMs: (() => number) | null;
  readonly #onError: (error: Error) => void;
  #client: Client;
  #isClosed = false;
  /** When the oldest command that was not answered was sent. */
  #waitingSince: number | null = null;
  #waiting = 0;
  roundTrips = 0;
  /** Of the last answer. */
  latencyMs: number | null = null;

  constructor({ url, timeMs, timeoutMs, onError = () => {} }: RedisAuthorityOptions) {
    this.#url = url;
    this.#timeMs = timeMs ?? (() => null);
    this.#timeoutMs = timeoutMs ?? null;
    this.#onError = onError;
    this.#client = this.#connect();
  }

  get isConnected(): boolean {
    return this.#client.isReady;
  }

  /** Settles when there is a connection, or after a second without. */
  async connected(): Promise<void> {
    const until = performance.now() + connectTimeoutMs;
    while (!this.#client.isReady && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  async refill(batch: LeaseBatch): Promise<LeaseAnswer> {
    const sentAt = performance.now();
    const reply = await this.#within(this.#timeoutMs?.() ?? batch.deadlineMs, () =>
      this.#run(encodeBatch(batch, this.#timeMs(), randomUUID())),
    );
    this.latencyMs = performance.now() - sentAt;
    return decodeAnswer(reply, batch);
  }

  async forget(processId: string): Promise<void> {
    await this.#within(connectTimeoutMs, async () => {
      const last = Number((await this.#client.hGet(clockKey, "last")) ?? 0);
      await this.#client.zAdd(goneKey, { score: last, value: processId });
      await this.#client.pExpire(goneKey, 86_400_000);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#client.destroy();
  }

  async #run(text: string): Promise<unknown> {
    this.roundTrips++;
    const options = { keys: [clockKey], arguments: [text] };
    try {
      return await this.#client.evalSha(scriptSha, options);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith("NOSCRIPT")) throw error;
      return await this.#client.eval(leaseScript, options);
    }
  }

  #within<Value>(timeoutMs: number, ask: () => Promise<Value>): Promise<Value> {
    if (!this.#client.isReady) return Promise.reject(new Error("there is no connection to Redis"));
    this.#replaceSilent();
    return new Promise<Value>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Redis did not answer within ${timeoutMs} ms`)), timeoutMs);
      timer.unref();
      const client = this.#client;
      this.#waiting++;
      this.#waitingSince ??= performance.now();
      ask()
        .finally(() => {
          clearTimeout(timer);
          if (client !== this.#client) return;
          this.#waiting--;
          this.#waitingSince = this.#waiting === 0 ? null : performance.now();
        })
        .then(resolve, reject);
    });
  }

  #replaceSilent(): void {
    if (this.#waitingSince === null || performance.now() - this.#waitingSince < silentConnectionMs) return;
    const old = this.#client;
    this.#waiting = 0;
    this.#waitingSince = null;
    this.#client = this.#connect();
    old.destroy();
  }

  #connect(): Client {
    const client = makeClient(this.#url.expose());
    client.on("error", (error: Error) => {
      if (!this.#isClosed && client === this.#client) this.#onError(error);
    });
    client.connect().catch(() => {
      // Said by the event.
    });
    return client;
  }
}

function makeClient(url: string) {
  const { createClient } = load("@redis/client") as typeof import("@redis/client");
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: "disabled",
    socket: {
      connectTimeout: connectTimeoutMs,
      noDelay: true,
      reconnectStrategy: (retries) => Math.min(100 * 2 ** Math.min(retries, 5), reconnectMaxMs),
    },
  });
}
