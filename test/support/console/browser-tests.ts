// The browser of a test file and the consoles that its tests open. A test fails at its end when anything went wrong in a browser that it did not announce.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, vi } from "vitest";
import { chromiumLaunchOptions, installChromium } from "../../../scripts/services/chromium.mjs";
import { type Headgate, type HeadgateOptions, startHeadgate } from "../headgate.ts";
import type { ProviderSettings } from "../provider/settings.ts";
import { type Provider, startProvider } from "../provider.ts";
import { signIn } from "../signed-in.ts";
import { patienceMs, Visitor, type VisitorOptions } from "./visitor.ts";

const builtDashboard = fileURLToPath(new URL("../../../dist/dashboard", import.meta.url));

export interface ConsoleOptions extends HeadgateOptions {
  provider?: Partial<ProviderSettings>;
}

/** A Headgate with its pages, a provider, and the people in front of it. */
export interface Console {
  headgate: Headgate;
  provider: Provider;
  /** Somebody who is not signed in. */
  visitor(options?: Partial<VisitorOptions>): Promise<Visitor>;
  /** Somebody new, who is signed in already. `user`: fields of `POST /users`; a role alone will do. */
  signedIn(user?: string | Record<string, unknown>, options?: Partial<VisitorOptions>): Promise<Visitor>;
}

export interface BrowserTests {
  openConsole(options?: ConsoleOptions): Promise<Console>;
  /** In front of any Headgate. */
  visitor(options: VisitorOptions): Promise<Visitor>;
}

/**
 * Call it once, at the top of a test file. `keeps: "all"`: consoles and visitors stay until the end of the file, for tests that
 * share them; what they met is looked at after each test all the same.
 */
export function browserTests({ keeps = "none" }: { keeps?: "none" | "all" } = {}): BrowserTests {
  // A journey is many steps, each of which waits as long as a visitor does.
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: patienceMs } } });
  let browser: Browser;
  let visitors: Visitor[] = [];
  let closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const visitor of visitors.splice(0)) await visitor.leave();
    for (const closer of closers.splice(0).reverse()) await closer();
  };

  beforeAll(async () => {
    requireBuiltDashboard();
    const program = process.env.HEADGATE_TEST_CHROMIUM ?? (await installChromium());
    browser = await chromium.launch(chromiumLaunchOptions(program));
  });
  afterEach(async ({ task }) => {
    const hasFailed = task.result?.state === "fail";
    if (hasFailed) for (const visitor of visitors) await tellPicture(visitor);
    const troubles = visitors.flatMap((visitor) => visitor.watch.take());
    if (keeps === "none") await close();
    // Of a test that has failed, they may be the reason.
    if (hasFailed && troubles.length > 0) process.stderr.write(`${troubles.join("\n")}\n`);
    else expect(troubles, "what went wrong in the browser").toEqual([]);
  });
  afterAll(async () => {
    await close();
    await browser?.close();
    visitors = [];
    closers = [];
  });

  const visitor = async (options: VisitorOptions) => {
    const arrived = await Visitor.arrive(browser, options);
    visitors.push(arrived);
    return arrived;
  };
  return {
    visitor,
    async openConsole({ provider: settings, ...options } = {}) {
      const provider = await startProvider(settings);
      closers.push(() => provider.close());
      const headgate = await startHeadgate({ dashboardDir: builtDashboard, ...options });
      closers.push(() => headgate.stop());
      return {
        headgate,
        provider,
        visitor: (of) => visitor({ url: headgate.url, ...of }),
        async signedIn(user = "administrator", of) {
          const session = await signIn(headgate, typeof user === "string" ? { role: user } : user);
          const arrived = await visitor({ url: headgate.url, ...of });
          const name = session.headers.cookie.slice(0, session.headers.cookie.indexOf("="));
          await arrived.context.addCookies([{ name, value: session.secret, url: headgate.url, httpOnly: true, sameSite: "Lax" }]);
          return arrived;
        },
      };
    },
  };
}

/** `npm test`, and `npx vitest` with the project's configuration, build it. */
function requireBuiltDashboard(): void {
  if (!existsSync(join(builtDashboard, "index.html"))) throw new Error("dist/dashboard is missing: npm run build");
}

async function tellPicture(visitor: Visitor): Promise<void> {
  const path = await visitor.picture().catch((error: Error) => `none: ${error.message}`);
  process.stderr.write(`at ${visitor.page.url()}, picture: ${path}\n`);
}
