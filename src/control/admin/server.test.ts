// What all routes of the admin API share: authentication, errors, documents, system.
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AdminApiUnderTest, startAdminApi, systemOfTests } from "../../../test/support/admin-api.ts";
import { HeadgateError } from "../../core/errors.ts";
import { StorageUnavailable } from "../../storage/ports/errors.ts";
import { createAdminApi } from "./server.ts";

let api: AdminApiUnderTest;
beforeAll(async () => {
  api = await startAdminApi();
});
afterAll(() => api.close());

describe("authentication", () => {
  it("answers 401 with www-authenticate without a token, with an unknown and with an expired one", async () => {
    for (const [token, code] of [
      [null, "missing_key"],
      ["sk-hg-nobody", "invalid_key"],
      ["expired-token", "key_expired"],
    ] as const) {
      const answer = await api.call("GET", "/keys", undefined, { token });
      expect([answer.status, answer.body.error.code]).toEqual([401, code]);
      expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    }
  });

  it("answers 403 to a key without the admin scope and lets one with it in", async () => {
    const plain = await api.call("POST", "/keys", { name: "plain" });
    const refused = await api.call("GET", "/keys", undefined, { token: plain.body.key });
    expect([refused.status, refused.body.error.code]).toEqual([403, "not_allowed"]);
    const admin = await api.call("POST", "/keys", { name: "second admin", scopes: ["admin"] });
    expect((await api.call("GET", "/keys", undefined, { token: admin.body.key })).status).toBe(200);
  });

  it("takes the token from x-api-key too, and the scheme in any case", async () => {
    const headers = { "x-api-key": "sk-hg-administrator-of-the-tests" };
    expect((await api.call("GET", "/whoami", undefined, { token: null, headers })).status).toBe(200);
    const lower = { authorization: "bearer sk-hg-administrator-of-the-tests" };
    expect((await api.call("GET", "/whoami", undefined, { token: null, headers: lower })).status).toBe(200);
  });

  it("decides before the body is read", async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const unfinished = request(`${api.url}/keys`, { method: "POST", headers: { "content-length": "1000" } }, (response) => {
        resolve(response.statusCode ?? 0);
        unfinished.destroy();
      });
      unfinished.on("error", reject);
      unfinished.write("{");
    });
    expect(status).toBe(401);
  });

  it("covers every route of the document: none but the public ones answers without a token", async () => {
    const document = (await api.call("GET", "/openapi.json", undefined, { token: null })).body;
    type Methods = Record<string, { security?: unknown[] }>;
    const operations = Object.entries(document.paths as Record<string, Methods>).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { security }]) => ({
        method: method.toUpperCase(),
        path,
        isOpen: security?.length === 0,
      })),
    );
    expect(operations.length).toBeGreaterThan(20);
    const open = operations
      .filter(({ isOpen }) => isOpen)
      .map(({ method, path }) => `${method} ${path.slice("/admin/api/v1".length)}`);
    expect(open.sort()).toEqual([
      "GET /sign-in",
      "GET /sign-in/oidc/{provider}",
      "GET /sign-in/oidc/{provider}/callback",
      "POST /password",
      "POST /sessions",
      "POST /setup",
    ]);
    for (const { method, path } of operations.filter(({ isOpen }) => !isOpen)) {
      const asked = path.slice("/admin/api/v1".length).replaceAll(/\{\w+\}/g, "x");
      expect([method, path, (await api.call(method, asked, undefined, { token: null })).status]).toEqual([method, path, 401]);
    }
  });

  it("does not start with a route that declares no policy", async () => {
    const forgotten = createAdminApi({ storage: () => null } as never, [(app) => void app.get("/open-door", async () => "in")]);
    await expect(forgotten).rejects.toThrow("GET /admin/api/v1/open-door");
  });
});

describe("errors", () => {
  it("are JSON with a request id for unknown paths, wrong methods and paths that can't be decoded", async () => {
    const unknown = await api.call("GET", "/nothing-here", undefined, { token: null });
    expect([unknown.status, unknown.body]).toEqual([
      404,
      { error: { code: "not_found", message: "There is nothing at this path." } },
    ]);
    const wrongMethod = await api.call("PUT", "/keys/key_1");
    expect([wrongMethod.status, wrongMethod.body.error.code]).toEqual([405, "method_not_allowed"]);
    expect(wrongMethod.headers.get("allow")).toBe("GET, PATCH, DELETE");
    const written = await api.call("POST", "/usage", {});
    expect([written.status, written.headers.get("allow")]).toEqual([405, "GET"]);
    const garbled = await api.call("GET", "/keys/%zz");
    expect([garbled.status, garbled.body.error.code]).toEqual([404, "not_found"]);
    for (const answer of [unknown, wrongMethod, written, garbled]) {
      expect(answer.headers.get("x-request-id")).toMatch(/^req_[0-9a-f]{32}$/);
    }
  });

  it("say 400 invalid_json for what is no JSON object, without quoting it", async () => {
    for (const raw of ['{"name": "a", "api_key": sk-canary-1}', "", "[]", '"text"', "null", '{"name":"a","__proto__":{}}']) {
      const answer = await api.call("POST", "/keys", undefined, { raw });
      expect([raw, answer.status, answer.body.error.code]).toEqual([raw, 400, "invalid_json"]);
      expect(answer.text).not.toContain("sk-canary-1");
    }
  });

  it("name the first field at fault and speak of all of them", async () => {
    const answer = await api.call("POST", "/keys", { name: "", scopes: ["root"], colour: "red" });
    expect([answer.status, answer.body.error.code, answer.body.error.field]).toEqual([422, "invalid_field", "name"]);
    expect(answer.body.error.message).toMatch(/name: .*scopes\.0: .*colour: there is no such field/);
    const missing = await api.call("POST", "/keys", {});
    expect(missing.body.error).toMatchObject({ field: "name", message: "name: is required" });
  });

  it("refuse bodies beyond the limit with 413", async () => {
    const answer = await api.call("POST", "/keys", { name: "x".repeat(5 * 1024 * 1024) });
    expect([answer.status, answer.body.error.code]).toEqual([413, "body_too_large"]);
  });

  it("answer 503 on every data route while the database is away; the rest works", async () => {
    api.setDatabase(false);
    try {
      for (const path of [
        "/endpoints",
        "/endpoints/ep_1",
        "/models",
        "/models/m",
        "/keys",
        "/keys/k",
        "/usage",
        "/requests",
        "/requests/r",
      ]) {
        const answer = await api.call("GET", path);
        expect([path, answer.status, answer.body.error.code]).toEqual([path, 503, "database_unavailable"]);
        expect(answer.headers.get("retry-after")).toBe("5");
      }
      expect((await api.call("POST", "/keys", { name: "a" })).status).toBe(503);
      expect((await api.call("GET", "/system")).status).toBe(200);
      expect((await api.call("GET", "/whoami")).status).toBe(200);
      expect((await api.call("GET", "/openapi.json")).status).toBe(200);
    } finally {
      api.setDatabase(true);
    }
  });

  it("answer 503 when the database goes away under a request, without saying where it is", async () => {
    const away = await startAdminApi({
      system: () => {
        throw new StorageUnavailable("connect ECONNREFUSED 10.0.0.1:5432");
      },
    });
    try {
      const answer = await away.call("GET", "/system");
      expect([answer.status, answer.body.error.code]).toEqual([503, "database_unavailable"]);
      expect(answer.text).not.toContain("10.0.0.1");
    } finally {
      await away.close();
    }
  });

  it("of the program itself are 500 without detail, and in the log with the request id", async () => {
    const broken = await startAdminApi({
      system: () => {
        throw new Error("connect to postgres://user:secret@10.0.0.1 failed");
      },
    });
    try {
      const answer = await broken.call("GET", "/system");
      expect([answer.status, answer.body.error.code]).toEqual([500, "internal_error"]);
      expect(answer.text).not.toContain("postgres");
      expect(broken.logged.join("\n")).toContain(answer.headers.get("x-request-id"));
    } finally {
      await broken.close();
    }
  });

  it("of the catalogue keep their conflicts and retry-after", async () => {
    const conflicts = [{ model: "a" }, { model: "b" }];
    const throwing = await startAdminApi({
      system: () => {
        throw new HeadgateError("alias_conflict", { conflicts, retryAfterSeconds: 7 });
      },
    });
    try {
      const answer = await throwing.call("GET", "/system");
      expect([answer.status, answer.body.error.conflicts]).toEqual([409, conflicts]);
      expect(answer.headers.get("retry-after")).toBe("7");
    } finally {
      await throwing.close();
    }
  });
});

describe("system", () => {
  it("shows the state that it is given, and whose token asks", async () => {
    expect((await api.call("GET", "/system")).body).toEqual(systemOfTests);
    expect((await api.call("GET", "/whoami")).body).toMatchObject({
      kind: "token",
      key_id: null,
      key_name: null,
      scopes: ["admin"],
      user_id: null,
      name: "HEADGATE_ADMIN_TOKEN",
      role: "administrator",
      session_id: null,
      csrf_token: null,
    });
    const { body: key } = await api.call("POST", "/keys", { name: "robot", scopes: ["inference", "admin"] });
    const whoami = await api.call("GET", "/whoami", undefined, { token: key.key });
    expect(whoami.body).toMatchObject({
      kind: "token",
      key_id: key.id,
      key_name: "robot",
      scopes: ["inference", "admin"],
      user_id: null,
      role: "administrator",
    });
  });
});

describe("documentation", () => {
  it("describes every route with a summary, a tag and the schemas of its answers", async () => {
    const { status, body: document } = await api.call("GET", "/openapi.json", undefined, { token: null });
    expect(status).toBe(200);
    expect(document.openapi).toBe("3.1.0");
    for (const [path, methods] of Object.entries(document.paths as Record<string, Record<string, Record<string, unknown>>>)) {
      for (const [method, operation] of Object.entries(methods)) {
        expect([path, method, typeof operation.summary, (operation.tags as string[]).length]).toEqual([
          path,
          method,
          "string",
          1,
        ]);
        const statuses = Object.keys(operation.responses as object);
        expect(statuses).toContain("4XX");
        expect(statuses.some((status) => /^[23]/.test(status))).toBe(true);
      }
    }
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map((match) => match[1]);
    expect(Object.keys(document.components.schemas).sort()).toEqual([...new Set(references)].sort());
  });

  it("is browsable without a token, and loads nothing from another host", async () => {
    const page = await api.call("GET", "/docs", undefined, { token: null });
    expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    const policy = page.headers.get("content-security-policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/https?:/);
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(assets.length).toBeGreaterThan(4);
    for (const asset of assets) {
      expect(asset).toMatch(/^\/admin\/api\/v1\/docs\/static\//);
      const response = await fetch(new URL(asset, api.url));
      expect([asset, response.status]).toEqual([asset, 200]);
      expect((await response.arrayBuffer()).byteLength).toBeGreaterThan(0);
    }
    expect((await api.call("GET", "/docs/static/..%2f..%2fpackage.json", undefined, { token: null })).status).toBe(404);
  });
});
