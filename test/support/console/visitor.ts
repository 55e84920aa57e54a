// Somebody in front of the dashboard: a browser context of their own, with one page, watched.
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { PageWatch } from "./page-watch.ts";

/** How long anything on a page may take, ms; the machine may be busy with other tests. */
export const patienceMs = 30_000;

let pictures = 0;

export interface VisitorOptions extends BrowserContextOptions {
  /** Where Headgate is, without a slash at the end. */
  url: string;
}

export class Visitor {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly watch: PageWatch;
  readonly #url: string;

  private constructor(context: BrowserContext, page: Page, watch: PageWatch, url: string) {
    this.context = context;
    this.page = page;
    this.watch = watch;
    this.#url = url;
  }

  static async arrive(browser: Browser, { url, ...options }: VisitorOptions): Promise<Visitor> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 860 },
      colorScheme: "light",
      reducedMotion: "reduce",
      locale: "en-GB",
      timezoneId: "UTC",
      ...options,
    });
    context.setDefaultTimeout(patienceMs);
    const watch = new PageWatch(context);
    return new Visitor(context, await context.newPage(), watch, url);
  }

  /** Opens a page of the dashboard as typed into the address bar, e.g. `/keys?search=x`; resolves when it shows what it has. */
  async go(path: string): Promise<void> {
    await this.page.goto(`${this.#url}/dashboard${path}`);
    await this.settled();
  }

  /** The same, and resolves when the page is told of what others change, too: what changes before that, it may not hear of. */
  async goLive(path: string): Promise<void> {
    await Promise.all([
      this.page.waitForResponse((response) => new URL(response.url()).pathname.endsWith("/events")),
      this.go(path),
    ]);
  }

  /** Follows a link of the navigation. */
  async follow(label: string): Promise<void> {
    await this.page.getByRole("navigation", { name: "Pages" }).first().getByRole("link", { name: label, exact: true }).click();
    await this.page.getByRole("heading", { level: 1, name: label, exact: true }).waitFor();
    await this.settled();
  }

  /** Resolves when nothing on the page is loading any more. */
  async settled(): Promise<void> {
    await this.page.locator("h1").first().waitFor();
    await this.page.locator('[aria-label="Loading"], [aria-busy="true"]').first().waitFor({ state: "detached" });
  }

  /** The path of the page below the dashboard, with its query. */
  get path(): string {
    return this.page.url().slice(`${this.#url}/dashboard`.length);
  }

  /** Waits until the page is at `path`, a pattern of what `path` gives. */
  async at(path: RegExp): Promise<void> {
    await this.page.waitForURL((url) => path.test(url.href.slice(`${this.#url}/dashboard`.length)));
  }

  async fill(fields: Readonly<Record<string, string>>, within: Pick<Page, "getByLabel"> = this.page): Promise<void> {
    for (const [label, value] of Object.entries(fields)) await within.getByLabel(labelled(label)).fill(value);
  }

  async press(button: string): Promise<void> {
    await this.page.getByRole("button", { name: button, exact: true }).click();
  }

  async signIn(email: string, password: string): Promise<void> {
    await this.fill({ "E-mail address": email, Password: password });
    await this.press("Sign in");
  }

  /** Text that can be waited for and read in a dialog that shows a secret once. */
  async shownOnce(): Promise<string> {
    const secret = this.page.getByRole("dialog").locator("code").first();
    await secret.waitFor();
    return (await secret.textContent()) ?? "";
  }

  /** A picture for whoever has to find out why a test failed. */
  async picture(): Promise<string> {
    const path = join(tmpdir(), `headgate-browser-${process.pid}-${++pictures}.png`);
    await this.page.screenshot({ path, fullPage: true });
    return path;
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}

/** A label without its hint "optional"; whole, so that "Name" is not "User name". */
function labelled(label: string): RegExp {
  return new RegExp(`^${label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}( ?optional)?$`);
}
