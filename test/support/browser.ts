// As much of a browser as signing in takes: cookies by origin, with the rules of their attributes, and redirects one by one.

export interface Visit {
  status: number;
  url: string;
  /** Absolute; null: no redirect. */
  location: string | null;
  headers: Headers;
  text: string;
}

export class Browser {
  /** Name → value, by origin. */
  readonly #cookies = new Map<string, Map<string, string>>();
  /** Sent with every request: what a proxy in front adds. */
  readonly #headers: Readonly<Record<string, string>>;

  constructor(headers: Readonly<Record<string, string>> = {}) {
    this.#headers = headers;
  }

  cookiesOf(url: string): Map<string, string> {
    const { origin } = new URL(url);
    const cookies = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, cookies);
    return cookies;
  }

  async visit(
    url: string,
    { method = "GET", headers = {}, body }: { method?: string; headers?: Record<string, string>; body?: object } = {},
  ): Promise<Visit> {
    const cookies = this.cookiesOf(url);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await fetch(url, {
      method,
      redirect: "manual",
      headers: {
        ...this.#headers,
        ...(cookie !== "" && { cookie }),
        ...(body !== undefined && { "content-type": "application/json", origin: new URL(url).origin }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    for (const line of answer.headers.getSetCookie()) this.#keep(cookies, line);
    const location = answer.headers.get("location");
    return {
      status: answer.status,
      url,
      location: location === null ? null : new URL(location, url).href,
      headers: answer.headers,
      text: await answer.text(),
    };
  }

  /** Follows redirects from `url` until `stop` says so of the next one, or there is none. All visits, in order. */
  async follow(url: string, stop: (next: string) => boolean = () => false): Promise<Visit[]> {
    const visits = [await this.visit(url)];
    for (let hops = 0; hops < 20; hops++) {
      const { location } = visits.at(-1) as Visit;
      if (location === null || stop(location)) return visits;
      visits.push(await this.visit(location));
    }
    throw new Error(`no end of redirects from ${url}`);
  }

  #keep(cookies: Map<string, string>, line: string): void {
    const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf("="));
    const isOver = attributes.some((each) => /^max-age=0$/i.test(each) || /^expires=.*1970/i.test(each));
    if (isOver) cookies.delete(name);
    else cookies.set(name, pair.slice(name.length + 1));
  }
}
