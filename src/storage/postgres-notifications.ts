// LISTEN and NOTIFY: a connection of its own that is made again whenever it is lost, or says nothing any more.
import { randomUUID } from "node:crypto";
import { Socket } from "node:net";
import type { Kysely } from "kysely";
import pg from "pg";
import { notificationChannel, notify } from "./config-message.ts";
import type { NotificationHandlers, Notifications } from "./ports/replicas.ts";
import type { Database } from "./schema/database.ts";

const firstRetryMs = 100;
const longestRetryMs = 5000;
/** A connection that was cut somewhere on the way tells nobody: it is asked. */
const askEveryMs = 15_000;
const answerTimeoutMs = 5000;
/** A server that is gone without a word does not say goodbye either. */
const goodbyeTimeoutMs = 500;
/** What the listener says to itself, over another connection: a pooler takes LISTEN, and may pass nothing on. */
const echoPrefix = '{"kind":"echo","id":';

export function postgresNotifications(db: Kysely<Database>, config: pg.ClientConfig): Notifications {
  const publish = async (message: string) => {
    await notify(message).execute(db);
  };
  return {
    publish,
    subscribe(handlers) {
      const listener = new Listener(config, handlers, publish);
      listener.connect();
      return listener;
    },
  };
}

class Listener {
  /** Whether the last word that it said to itself has come back. */
  isListening = false;
  readonly #config: pg.ClientConfig;
  readonly #handlers: NotificationHandlers;
  readonly #publish: Notifications["publish"];
  #client: pg.Client | null = null;
  #socket: Socket | null = null;
  /** What is to come back; empty: it has, or was never said. */
  #echo = "";
  #timer: NodeJS.Timeout | null = null;
  #retryMs = firstRetryMs;
  #isStopped = false;

  constructor(config: pg.ClientConfig, handlers: NotificationHandlers, publish: Notifications["publish"]) {
    this.#config = config;
    this.#handlers = handlers;
    this.#publish = publish;
  }

  /** Never throws. */
  connect(): void {
    const socket = new Socket();
    this.#socket = socket;
    const client = new pg.Client({
      ...this.#config,
      stream: () => socket,
      keepAlive: true,
      application_name: "headgate listener",
      query_timeout: answerTimeoutMs,
    });
    this.#client = client;
    const lost = () => this.#lost(client);
    client.on("error", lost);
    client.on("end", lost);
    client.on("notification", ({ channel, payload }) => {
      if (channel !== notificationChannel || payload === undefined || this.#isStopped) return;
      if (!payload.startsWith(echoPrefix)) this.#handlers.onMessage(payload);
      else if (payload === this.#echo && this.#client === client) {
        this.#echo = "";
        this.isListening = true;
      }
    });
    client
      .connect()
      .then(() => client.query(`listen ${notificationChannel}`))
      .then(() => {
        if (this.#client !== client || this.#isStopped) return;
        this.#retryMs = firstRetryMs;
        this.#handlers.onListening();
        this.#ask(client);
        return this.#sayToItself();
      })
      .catch(lost);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.isListening = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const [client, socket] = [this.#client, this.#socket];
    this.#client = null;
    let timer: NodeJS.Timeout | undefined;
    const isLate = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, goodbyeTimeoutMs);
    });
    await Promise.race([client?.end().catch(() => undefined), isLate]);
    clearTimeout(timer);
    socket?.destroy();
  }

  #ask(client: pg.Client): void {
    this.#after(askEveryMs, () => {
      client.query("select 1").then(
        () => {
          if (this.#client !== client) return;
          // What was said last has had all this time.
          if (this.#echo !== "") this.isListening = false;
          this.#ask(client);
          return this.#sayToItself();
        },
        () => this.#lost(client),
      );
    });
  }

  /** A database that does not take it says nothing about this connection. */
  async #sayToItself(): Promise<void> {
    const echo = `${echoPrefix}"${randomUUID()}"}`;
    this.#echo = echo;
    await this.#publish(echo).catch(() => {
      if (this.#echo === echo) this.#echo = "";
    });
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return;
    this.#client = null;
    this.isListening = false;
    client.end().catch(() => undefined);
    this.#socket?.destroy();
    if (this.#isStopped) return;
    this.#after(this.#retryMs, () => this.connect());
    this.#retryMs = Math.min(this.#retryMs * 2, longestRetryMs);
  }

  #after(delayMs: number, work: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#isStopped) return;
    this.#timer = setTimeout(work, delayMs);
    this.#timer.unref();
  }
}
