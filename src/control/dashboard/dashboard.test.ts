// The built pages as browsers get them: which file a path gives, how it is kept, how it is compressed.
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { temporaryDirectory } from "../../../test/support/database.ts";
import { quickestMs } from "../../../test/support/quickest.ts";
import { rawRequest } from "../../../test/support/raw-http.ts";
import { readBuiltFiles } from "./built-files.ts";
import { type Dashboard, openDashboard } from "./dashboard.ts";
import { askedFile } from "./page-path.ts";

const index = `<!doctype html><base href="/dashboard/" /><title>Headgate</title>${"<p>index</p>".repeat(200)}`;
const script = `console.log("${"script ".repeat(500)}");`;

let folder: string;
let removeFolder: () => Promise<void>;
let url: string;
let server: Server;
const logged: string[] = [];
const line = (fields: object, message: string): void => void logged.push(JSON.stringify({ ...fields, message }));
const log = { debug: line, info: line, warn: line, error: line };

/** What it does not own is 418. */
async function listen(dashboard: Dashboard): Promise<Server> {
  const made = createServer((req, res) => {
    if (dashboard.owns(req.url ?? "/", req)) dashboard.handle(req, res);
    else res.writeHead(418).end();
  });
  await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
  return made;
}
const urlOf = (of: Server) => `http://127.0.0.1:${(of.address() as AddressInfo).port}`;

beforeAll(async () => {
  const made = await temporaryDirectory();
  [folder, removeFolder] = [join(made.path, "dashboard"), made.remove];
  await mkdir(join(folder, "assets"), { recursive: true });
  await writeFile(join(folder, "index.html"), index);
  await writeFile(join(folder, "assets/index-1a2b.js"), script);
  await writeFile(join(folder, "assets/logo-3c4d.png"), Buffer.alloc(5000, 7));
  await writeFile(join(folder, "favicon.svg"), "<svg/>");
  await writeFile(join(made.path, "secret.txt"), "outside");
  await symlink(join(made.path, "secret.txt"), join(folder, "assets/secret.txt"));
  await symlink(made.path, join(folder, "assets/up"));
  server = await listen(await openDashboard({ folder, publicUrl: null, log }));
  url = urlOf(server);
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await removeFolder();
});

const ask = (target: string, headers: Record<string, string> = {}, method = "GET") =>
  rawRequest(url, { target, headers, method });

describe("paths", () => {
  it.each([
    "/dashboard",
    "/dashboard/",
    "/dashboard/?page=2",
    "/dashboard/setup",
    "/dashboard/models/gpt-4.1",
    "/dashboard/models/meta%2Fllama-3.1",
    "/dashboard/models/100%25",
  ])("%s is a page", async (target) => {
    const answer = await ask(target);
    expect([answer.status, answer.body.toString()]).toEqual([200, index]);
    expect(answer.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(answer.headers["cache-control"]).toBe("no-cache");
  });

  it.each([
    ["/dashboard/assets/index-1a2b.js", script, "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"],
    ["/dashboard/favicon.svg?v=1", "<svg/>", "image/svg+xml", "no-cache"],
  ])("%s is a file", async (target, body, type, kept) => {
    const answer = await ask(target);
    expect([answer.status, answer.body.toString()]).toEqual([200, body]);
    expect(answer.headers["content-type"]).toBe(type);
    expect(answer.headers["cache-control"]).toBe(kept);
  });

  it.each([
    "/dashboard/assets",
    "/dashboard/assets/",
    "/dashboard/assets/gone-5e6f.js",
    "/dashboard/assets/secret.txt",
    "/dashboard/assets/up/secret.txt",
    "/dashboard/robots.txt",
    "/dashboard/%",
    `/dashboard/${"x".repeat(3000)}`,
  ])("%s is nothing", async (target) => {
    const answer = await ask(target);
    expect([answer.status, answer.body.toString()]).toEqual([404, "There is no such page.\n"]);
    expect(answer.headers["content-type"]).toBe("text/plain; charset=utf-8");
    expect(answer.headers["cache-control"]).toBe("no-store");
  });

  it("that is encoded again and again is looked at a few times, and is none of its own", async () => {
    const target = `/dashboard/%${"25".repeat(1000)}`;
    expect((await ask(target)).status).toBe(404);
    const perLookMs = async () => {
      const beganMs = performance.now();
      for (let count = 0; count < 1000; count++) askedFile(target);
      return (performance.now() - beganMs) / 1000;
    };
    expect(await quickestMs(1, perLookMs)).toBeLessThan(1);
  });

  it("of others are not its own, even where they begin alike", async () => {
    for (const target of ["/dashboards", "/dashboard.html", "/v1/models", "/Dashboard", "//dashboard", "*"]) {
      expect([target, (await ask(target)).status]).toEqual([target, 418]);
    }
  });
});

describe("the root", () => {
  it("leads browsers to the dashboard, and is left alone for everybody else", async () => {
    const ofBrowsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (const method of ["GET", "HEAD"]) {
      const answer = await ask("/", { accept: ofBrowsers }, method);
      expect([answer.status, answer.headers.location, answer.headers.vary]).toEqual([302, "/dashboard/", "accept"]);
    }
    for (const accept of ["*/*", "application/json", "application/json, text/html;q=0.5", "text/html;q=0", "text/*", ""]) {
      expect([accept, (await ask("/", { accept })).status]).toEqual([accept, 418]);
    }
    expect((await ask("/")).status).toBe(418);
    expect((await ask("/", { accept: ofBrowsers }, "POST")).status).toBe(418);
    expect((await ask("/index.html", { accept: ofBrowsers })).status).toBe(418);
  });

  it("leads below the path at which a proxy has put Headgate, and so does the page", async () => {
    const below = await listen(await openDashboard({ folder, publicUrl: "https://example.test/models/", log }));
    try {
      const answer = await rawRequest(urlOf(below), { target: "/", headers: { accept: "text/html" } });
      expect(answer.headers.location).toBe("/models/dashboard/");
      const page = await rawRequest(urlOf(below), { target: "/dashboard/keys" });
      expect(page.text).toBe(index.replace('"/dashboard/"', '"/models/dashboard/"'));
    } finally {
      below.close();
    }
  });
});

describe("answers", () => {
  it("are compressed as the browser takes it, the same each time, and what is compressed already is not", async () => {
    const target = "/dashboard/assets/index-1a2b.js";
    const plain = { br: brotliDecompressSync, gzip: gunzipSync } as const;
    for (const [accepted, encoding] of [
      ["gzip, deflate, br", "br"],
      ["gzip", "gzip"],
      ["br;q=0.1, gzip", "gzip"],
      ["br;q=0, *", "gzip"],
    ] as const) {
      for (let round = 0; round < 2; round++) {
        const answer = await ask(target, { "accept-encoding": accepted });
        expect([accepted, answer.headers["content-encoding"], answer.headers.vary]).toEqual([
          accepted,
          encoding,
          "accept-encoding",
        ]);
        expect(plain[encoding](answer.body).toString()).toBe(script);
        expect(Number(answer.headers["content-length"])).toBe(answer.body.length);
      }
    }
    for (const accepted of ["identity", "br;q=0, gzip;q=0", "br;q=x", ""]) {
      const answer = await ask(target, { "accept-encoding": accepted });
      expect([answer.headers["content-encoding"], answer.body.toString()]).toEqual([undefined, script]);
      expect(answer.headers.vary).toBe("accept-encoding");
    }
    const image = await ask("/dashboard/assets/logo-3c4d.png", { "accept-encoding": "br" });
    expect([image.headers["content-encoding"], image.body.length]).toEqual([undefined, 5000]);
  });

  it("to HEAD have the headers of GET alone", async () => {
    for (const target of ["/dashboard/", "/dashboard/assets/index-1a2b.js", "/dashboard/assets/none.js"]) {
      const [get, head] = [await ask(target), await ask(target, {}, "HEAD")];
      expect([head.status, head.body.length]).toEqual([get.status, 0]);
      for (const name of ["content-length", "content-type", "etag"]) expect(head.headers[name]).toBe(get.headers[name]);
    }
  });

  it("say when nothing has changed", async () => {
    const etag = (await ask("/dashboard/")).headers.etag as string;
    for (const known of [etag, `"other", ${etag}`, etag.slice(2), "*"]) {
      const answer = await ask("/dashboard/keys", { "if-none-match": known, "accept-encoding": "br" });
      expect([answer.status, answer.body.length, answer.headers.etag]).toEqual([304, 0, etag]);
    }
    expect((await ask("/dashboard/", { "if-none-match": '"other"' })).status).toBe(200);
  });

  it("to other methods are 405 with those that there are", async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
      const answer = await ask("/dashboard/", {}, method);
      expect([answer.status, answer.headers.allow]).toEqual([405, "GET, HEAD"]);
    }
  });
});

describe("without a build", () => {
  it("every page says how to build it, and nothing else is different", async () => {
    const empty = await listen(await openDashboard({ folder: join(folder, "nowhere"), publicUrl: null, log }));
    try {
      for (const target of ["/dashboard", "/dashboard/setup", "/dashboard/assets/x.js"]) {
        const answer = await rawRequest(urlOf(empty), { target });
        expect([answer.status, answer.body.toString()]).toEqual([503, expect.stringContaining("npm run build")]);
        expect(answer.headers["content-security-policy"]).toContain("default-src 'none'");
        expect(answer.headers["cache-control"]).toBe("no-store");
      }
      expect((await rawRequest(urlOf(empty), { target: "/", headers: { accept: "text/html" } })).status).toBe(302);
    } finally {
      empty.close();
    }
    expect(logged).toEqual([]);
  });

  it("a folder that is no build is not read into memory, and the log says so", async () => {
    const huge = join(folder, "../huge");
    await mkdir(huge);
    for (const name of ["index.html", "a.js"]) await writeFile(join(huge, name), Buffer.alloc(9 * 1024 * 1024));
    await expect(readBuiltFiles(huge, "/dashboard/")).rejects.toThrow("no built dashboard");
    const dashboard = await listen(await openDashboard({ folder: huge, publicUrl: null, log }));
    expect((await rawRequest(urlOf(dashboard), { target: "/dashboard/" })).status).toBe(503);
    dashboard.close();
    expect(logged.splice(0).join()).toContain("can't be read");
    await rm(huge, { recursive: true });
  });
});
