// The admin API as the commands use it: one request, its JSON, or a failure in words.
import { Agent, request } from "undici";
import type { RemoteServer } from "../../config/remote-server.ts";
import type { Secret } from "../../core/secret.ts";
import { programVersion } from "../../version.ts";
import { CommandFailed } from "../command.ts";
import { ApiRefusal } from "./api-refusal.ts";
import { describeRefusal } from "./describe-refusal.ts";
import { describeUnreachable } from "./describe-unreachable.ts";

type Query = Readonly<Record<string, string | undefined>>;

/** A body of JSON: as it came, and parsed. */
export interface ApiAnswer<Body> {
  text: string;
  body: Body;
}

const pageSize = "1000";
/** Adding an endpoint waits for its provider, whose list may take its time. */
const answerTimeoutMs = 300_000;

/** A server with the token that it is asked with. */
export type AskedServer = RemoteServer & { token: Secret };

export class AdminClient {
  readonly #server: AskedServer;
  readonly #agent = new Agent({ connect: { timeout: 10_000 }, headersTimeout: answerTimeoutMs, bodyTimeout: answerTimeoutMs });

  constructor(server: AskedServer) {
    this.#server = server;
  }

  get<Body>(path: string, query: Query = {}): Promise<ApiAnswer<Body>> {
    return this.#ask("GET", path, query);
  }

  post<Body>(path: string, body?: unknown, query: Query = {}): Promise<ApiAnswer<Body>> {
    return this.#ask("POST", path, query, body);
  }

  async delete(path: string): Promise<void> {
    await this.#ask("DELETE", path, {});
  }

  /** What `GET <path>` lists, all pages of it. */
  async list<Item>(path: string, query: Query = {}): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | undefined;
    do {
      const { body } = await this.get<{ data: Item[]; next_cursor: string | null }>(path, { limit: pageSize, ...query, cursor });
      items.push(...body.data);
      cursor = body.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return items;
  }

  /** Open connections would keep the process. */
  close(): Promise<void> {
    return this.#agent.close();
  }

  async #ask<Body>(method: "GET" | "POST" | "DELETE", path: string, query: Query, body?: unknown): Promise<ApiAnswer<Body>> {
    const { url, token, tokenSource } = this.#server;
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const search = given.length === 0 ? "" : `?${new URLSearchParams(given)}`;
    const { status, text } = await this.#send(method, `${url}/admin/api/v1${path}${search}`, body, token.expose());
    const json = parsed(text);
    if (status >= 200 && status < 300 && (status === 204 || json !== undefined)) return { text, body: json as Body };
    throw new ApiRefusal(status, describeRefusal({ status, json, url, tokenSource }));
  }

  async #send(method: "GET" | "POST" | "DELETE", url: string, body: unknown, token: string) {
    const json = body === undefined ? null : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${token}`,
      accept: "application/json",
      "user-agent": `headgate/${programVersion}`,
      ...(json === null ? {} : { "content-type": "application/json" }),
    };
    try {
      const response = await request(url, { method, headers, body: json, dispatcher: this.#agent });
      return { status: response.statusCode, text: await response.body.text() };
    } catch (error) {
      throw new CommandFailed(describeUnreachable(error, this.#server.url));
    }
  }
}

/** Undefined: the text is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
