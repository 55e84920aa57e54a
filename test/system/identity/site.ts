// A Headgate with one provider of models behind it, and callers who each come with a credential of their own.
import { Pool } from "undici";
import type { Clock } from "../../../src/core/clock.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type Provider, startProvider } from "../../support/provider.ts";

/** The provider's key, which no caller has. */
export const upstreamKey = "sk-upstream-of-the-site";

/** A bearer token or a Headgate key; or whatever headers; or nothing. */
export type Credential = string | Record<string, string | string[]> | null;

export interface SiteAnswer {
  status: number;
  headers: Record<string, string>;
  text: string;
  /** Null when the text is no JSON. */
  body: LooseJson;
}

export interface SiteOptions {
  config?: Record<string, unknown>;
  env?: Record<string, string>;
  /** Of the endpoint `prod`; default `m`. Empty: there is no such endpoint. */
  models?: string[];
  clock?: Clock;
}

export class Site {
  readonly headgate: Headgate;
  readonly provider: Provider;
  readonly #pool: Pool;

  constructor(headgate: Headgate, provider: Provider) {
    this.headgate = headgate;
    this.provider = provider;
    this.#pool = new Pool(headgate.url, { connections: 64 });
  }

  chat(who: Credential, model = "m", headers: Record<string, string> = {}): Promise<SiteAnswer> {
    const body = { model, messages: [{ role: "user", content: "hi" }] };
    return this.send("POST", "/v1/chat/completions", who, { headers, body });
  }

  get(path: string, who: Credential, headers: Record<string, string> = {}): Promise<SiteAnswer> {
    return this.send("GET", path, who, { headers });
  }

  whoami(who: Credential): Promise<SiteAnswer> {
    return this.get("/resource_server/whoami", who);
  }

  /** The names at `/v1/models`. */
  async modelsOf(who: Credential): Promise<string[]> {
    const { status, text, body } = await this.get("/v1/models", who);
    if (status !== 200) throw new Error(`/v1/models: ${status} ${text}`);
    return body.data.map(({ id }: { id: string }) => id).sort();
  }

  async send(
    method: "GET" | "POST" | "DELETE",
    path: string,
    who: Credential,
    { headers = {}, body }: { headers?: Record<string, string>; body?: object } = {},
  ): Promise<SiteAnswer> {
    const credential = typeof who === "string" ? { authorization: `Bearer ${who}` } : (who ?? {});
    const json = body === undefined ? {} : { "content-type": "application/json" };
    const answer = await this.#pool.request({
      method,
      path,
      headers: { ...json, ...credential, ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    return { status: answer.statusCode, headers: answer.headers as Record<string, string>, text, body: parsed(text) };
  }

  /** What the admin API says to a change, which has to succeed. */
  async change(method: string, path: string, body?: object): Promise<LooseJson> {
    const answer = await this.headgate.admin(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** The one of a list of the admin API that has all these fields, once it is there. */
  async listed(list: string, fields: Record<string, unknown>): Promise<LooseJson> {
    return this.headgate.eventually(async () => {
      const { data } = await this.change("GET", `/${list}?limit=1000`);
      return data.find((one: LooseJson) => Object.entries(fields).every(([name, value]) => one[name] === value));
    });
  }

  async setModel(name: string, settings: object): Promise<void> {
    const { id } = await this.listed("models", { name });
    await this.change("PATCH", `/models/${id}`, settings);
  }

  async stop(): Promise<void> {
    await this.#pool.destroy();
    await this.headgate.stop();
    await this.provider.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function parsed(text: string): LooseJson {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export async function startSite({ models = ["m"], ...options }: SiteOptions = {}): Promise<Site> {
  const provider = await startProvider({ models });
  try {
    const headgate = await startHeadgate(options);
    if (models.length > 0) {
      const url = `${provider.url}/v1`;
      await headgate.addEndpoint({ name: "prod", url, api_key: upstreamKey, models, sync: false, sync_interval: 0 });
    }
    return new Site(headgate, provider);
  } catch (error) {
    await provider.close();
    throw error;
  }
}

/** Of `[status, code]` pairs: what an error answer of the gateway says. */
export function refusal({ status, body }: SiteAnswer): [number, string | undefined] {
  return [status, body?.error?.code];
}

/** How many answers have each status. */
export function statuses(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
