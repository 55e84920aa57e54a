// Attacks on the pages: out of their folder, into a frame, from another origin, and by what a path or header has them say.
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "../../support/database.ts";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import { rawRequest } from "../../support/raw-http.ts";

const secret = "what nobody is to read";
const index = "<!doctype html><title>Headgate</title>";
const friend = "https://friend.example.test";

let headgate: Headgate;
let removeFolder: () => Promise<void>;
/** Absolute: of a file beside the dashboard's folder. */
let secretPath: string;
beforeAll(async () => {
  const folder = await temporaryDirectory();
  removeFolder = folder.remove;
  secretPath = join(folder.path, "secret.txt");
  const dashboardDir = join(folder.path, "dashboard");
  await mkdir(join(dashboardDir, "assets"), { recursive: true });
  await writeFile(secretPath, secret);
  await writeFile(join(dashboardDir, "index.html"), index);
  await writeFile(join(dashboardDir, "assets/index-1a2b.js"), "1;");
  await symlink(secretPath, join(dashboardDir, "assets/link.txt"));
  await symlink(folder.path, join(dashboardDir, "assets/outside"));
  headgate = await startHeadgate({ dashboardDir, config: { server: { cors_origins: [friend] } } });
});
afterAll(async () => {
  await headgate?.stop();
  await removeFolder?.();
});

const ask = (target: string, headers: Record<string, string> = {}, method = "GET") =>
  rawRequest(headgate.url, { target, headers, method });

describe("path traversal", () => {
  const dots = [
    "..",
    "%2e%2e",
    "%2E.",
    ".%2e",
    "%252e%252e",
    "%25252e%25252e",
    "..%00",
    "..;",
    "%c0%ae%c0%ae",
    "%u002e%u002e",
    "%uff0e",
  ];
  const slashes = ["/", "%2f", "%252f", "\\", "%5c", "%255c", "//", "%c0%af"];
  const below = ["/dashboard/", "/dashboard/assets/", "/dashboard/assets/outside/", "/dashboard/keys/"];
  const tries = below.flatMap((start) =>
    dots.flatMap((up) => slashes.flatMap((slash) => [1, 2].map((depth) => `${start + `${up}${slash}`.repeat(depth)}secret.txt`))),
  );

  test("however it is written, nothing but the page and its assets is given", async () => {
    const others = () => [
      "/dashboard/assets/link.txt",
      "/dashboard/assets/outside/secret.txt",
      `/dashboard/${secretPath}`,
      `/dashboard/assets/${secretPath}`,
      `/dashboard/assets//${secretPath}`,
      `/dashboard/file://${secretPath}`,
      "/dashboard/assets/index-1a2b.js%00.txt",
      "/dashboard/assets/../index.html",
      "/dashboard/assets/./index-1a2b.js",
      "/dashboard/assets//index-1a2b.js",
      "/dashboard/assets/INDEX-1a2b.js",
      "/dashboard/assets/constructor",
      "/dashboard/assets/__proto__",
      "/dashboard/../dashboard/assets/link.txt",
    ];
    const given = new Map<number, number>();
    for (const target of [...tries, ...others()]) {
      const { status, text, headers } = await ask(target);
      expect([target, text.includes(secret)]).toEqual([target, false]);
      // A page's path may look odd; what it gives is the one page.
      if (status === 200) expect([target, text]).toEqual([target, index]);
      else expect([target, status, text]).toEqual([target, 404, "There is no such page.\n"]);
      expect(headers["x-content-type-options"]).toBe("nosniff");
      given.set(status, (given.get(status) ?? 0) + 1);
    }
    // Both are met: the loop is no loop over one answer.
    expect(given.get(404)).toBeGreaterThan(400);
    expect([...given.keys()].every((status) => status === 200 || status === 404)).toBe(true);
  });

  test("below assets/ everything that is no asset is refused, and so is every way up, however often it is encoded", async () => {
    for (const target of tries) {
      const isWayUp = /^\/dashboard\/(?:[^/]+\/)*(?:\.\.|%2e%2e|%252e%252e)(?:\/|%2f|%252f|\\|%5c|%255c)/i.test(target);
      if (!isWayUp && !target.startsWith("/dashboard/assets/")) continue;
      expect([target, (await ask(target)).status]).toEqual([target, 404]);
    }
  });
});

describe("framing, and what else a page of another site could do", () => {
  test("is refused by every answer below /dashboard, and for the way there", async () => {
    const browser = { accept: "text/html" };
    for (const [target, status, method] of [
      ["/dashboard/", 200, "GET"],
      ["/dashboard/keys", 200, "GET"],
      ["/dashboard/assets/index-1a2b.js", 200, "GET"],
      ["/dashboard/assets/none.js", 404, "GET"],
      ["/dashboard/", 405, "POST"],
      ["/", 302, "GET"],
    ] as const) {
      const { headers, ...answer } = await ask(target, browser, method);
      expect([target, answer.status]).toEqual([target, status]);
      expect(headers).toMatchObject({
        "content-security-policy":
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'",
        "x-frame-options": "DENY",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": expect.stringContaining("camera=()"),
      });
    }
  });

  test("is refused by the admin API too, its documentation with it", async () => {
    for (const path of ["/sign-in", "/whoami", "/docs", "/openapi.json", "/none"]) {
      const { headers } = await ask(`/admin/api/v1${path}`);
      expect([path, headers["x-frame-options"], headers["x-content-type-options"]]).toEqual([path, "DENY", "nosniff"]);
    }
  });

  test("no origin is let in, not even those that may call models", async () => {
    for (const origin of [friend, "https://evil.test", "null"]) {
      for (const target of ["/dashboard/", "/dashboard/assets/index-1a2b.js"]) {
        const answer = await ask(target, { origin });
        expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
        const preflight = await ask(target, { origin, "access-control-request-method": "GET" }, "OPTIONS");
        expect([preflight.status, preflight.headers["access-control-allow-origin"]]).toEqual([405, undefined]);
      }
    }
    expect((await ask("/v1/models", { origin: friend })).headers["access-control-allow-origin"]).toBe(friend);
  });
});

describe("what a request says", () => {
  test("is in no answer: not its path, not its host", async () => {
    const evil = "evil-7f3a.test";
    for (const target of [
      `/dashboard/<script>${evil}</script>`,
      `/dashboard/assets/"><script>${evil}`,
      `/dashboard//${evil}/`,
      `/dashboard/?next=//${evil}`,
      "/",
    ]) {
      const headers = { host: evil, "x-forwarded-host": evil, "x-forwarded-proto": "https", accept: "text/html" };
      const answer = await ask(encodeURI(target), headers);
      expect(answer.text + JSON.stringify(answer.headers)).not.toContain(evil);
      if (target === "/") expect(answer.headers.location).toBe("/dashboard/");
      else expect(answer.headers.location).toBeUndefined();
    }
  });

  test("leads nowhere else, whatever stands after the root", async () => {
    for (const target of [
      "//evil.test",
      "//evil.test/dashboard/",
      "/\\evil.test",
      "/?next=//evil.test",
      "/%2f%2fevil.test",
      "http://evil.test/",
    ]) {
      const { headers } = await ask(target, { accept: "text/html" });
      expect([target, headers.location ?? "/dashboard/"]).toEqual([target, "/dashboard/"]);
    }
  });
});
