// Requests that workers pass on to control, on real sockets: they arrive as they were sent, and answers as control gave them.
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { eventually } from "../../test/support/eventually.ts";
import type { RawConnection } from "../../test/support/raw-http/raw-connection.ts";
import type { RawResponse } from "../../test/support/raw-http/raw-response.ts";
import { type RawRequest, rawConnect, rawRequest, rawRequestBytes } from "../../test/support/raw-http.ts";
import { ControlListener } from "../control/control-listener.ts";
import { remoteAddressOf } from "../core/remote-address.ts";
import { isAdminPath, isDashboardRequest, isOpsPath } from "../domain/side-paths.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { Listener } from "../gateway/listener.ts";
import { TurnQueue } from "../gateway/load/turn-queue.ts";
import { type ForwardOptions, ForwardToControl } from "./forward-to-control.ts";

/** Undone after the test, last first. */
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

interface Installation {
  url: string;
  forward: ForwardToControl;
  /** As after a restart; `handle`: from now on. */
  startControl(handle: Handle): Promise<void>;
  stopControl(): Promise<void>;
}

interface InstallationOptions extends Partial<ForwardOptions> {
  corsOrigins?: string[];
}

/** Answers what the gateway would be asked. */
const calls = {
  handle: (_req: IncomingMessage, res: ServerResponse) => void res.writeHead(200).end("a model call"),
  bodyTimedOut: () => false,
  turns: new TurnQueue(),
} as unknown as Gateway;

async function install(handle: Handle | null, options: InstallationOptions = {}): Promise<Installation> {
  const { corsOrigins = [], ...rest } = options;
  const folder = await mkdtemp(join(tmpdir(), "headgate-forward-"));
  cleanUps.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "http.sock");
  let control: ControlListener | null = null;
  const installation = {
    // A busy machine may take its time: what control says is what counts here.
    forward: new ForwardToControl({ path, hasSnapshot: () => true, readinessTimeoutMs: 10_000, ...rest }),
    async startControl(next: Handle) {
      const owns = (target: string, req: IncomingMessage) =>
        isOpsPath(target) || isAdminPath(target) || isDashboardRequest(target, req);
      control = await ControlListener.listen({ path, sideHandlers: [{ owns, handle: next }] });
    },
    async stopControl() {
      await control?.close();
      control = null;
    },
  };
  if (handle !== null) await installation.startControl(handle);
  cleanUps.push(() => installation.stopControl());
  const { forward } = installation;
  const sideHandlers = [forward];
  const listener = new Listener({
    host: "127.0.0.1",
    port: 0,
    gateway: calls,
    sideHandlers,
    corsOrigins,
    requestTimeoutMs: 5000,
  });
  const url = `http://127.0.0.1:${await listener.listen()}`;
  cleanUps.push(() => listener.close(true));
  cleanUps.push(() => forward.close());
  return { url, ...installation };
}

async function send(url: string, request: RawRequest): Promise<RawConnection> {
  const connection = await rawConnect(url);
  cleanUps.push(() => connection.destroy());
  connection.send(rawRequestBytes(url, request));
  return connection;
}

const admin = (path: string) => `/admin/api/v1${path}`;

function answerJson(value: (req: IncomingMessage) => unknown): Handle {
  return (req, res) => {
    req.resume();
    req.once("end", () => res.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value(req))));
  };
}

const seen = answerJson((req) => ({
  method: req.method,
  target: req.url,
  headers: req.rawHeaders,
  parsed: req.headers,
  from: remoteAddressOf(req),
}));

test.each([
  ["/livez", "from here"],
  ["/readyz?verbose", "control"],
  ["/metrics", "control"],
  ["/admin/", "control"],
  ["/admin/api/v1/keys?limit=1", "control"],
  ["/dashboard", "control"],
  ["/dashboard/keys", "control"],
  ["/dashboards", "a model call"],
  ["/admin", "a model call"],
  ["/livezz", "a model call"],
  ["/metrics/", "a model call"],
  ["/v1/models", "a model call"],
  ["/", "a model call"],
])("GET %s is answered by: %s", async (target, by) => {
  const { url } = await install((_req, res) => void res.end("control"));
  const { text } = await rawRequest(url, { target });
  expect(by === "from here" ? JSON.parse(text) : text).toEqual(by === "from here" ? { status: "ok" } : by);
});

test("`/` is control's for browsers only", async () => {
  const { url } = await install((_req, res) => void res.end("control"));
  const ask = async (headers: Record<string, string>, method = "GET") =>
    (await rawRequest(url, { target: "/", headers, method })).text;
  expect(await ask({ accept: "text/html" })).toBe("control");
  expect(await ask({ accept: "application/json" })).toBe("a model call");
  expect(await ask({ accept: "text/html" }, "POST")).toBe("a model call");
});

test("a request arrives with its method, its target, and its headers as they were written", async () => {
  const { url } = await install(seen);
  const headers = [
    ["Host", "headgate.test"],
    ["X-Odd-Case", "one"],
    ["x-odd-case", "two"],
    ["X-Latin", "caf\u00e9"],
    ["Connection", "keep-alive, x-forwarded-for"],
    ["X-Forwarded-For", "192.0.2.7"],
    ["TE", "trailers"],
    ["Content-Length", "2"],
  ] as const;
  const target = admin("/keys/a%2Fb?x=1&x=%20");
  const { json } = await rawRequest(url, { method: "PATCH", target, headers, body: "{}" });
  expect([json.method, json.target]).toEqual(["PATCH", target]);
  const arrived = json.headers.slice(2);
  const expected = headers.filter(([name]) => name !== "Connection" && name !== "TE").flat();
  expect(arrived.slice(0, expected.length)).toEqual(expected);
});

test("control knows the caller's address, and callers can't say otherwise", async () => {
  const { url } = await install(seen);
  const headers = [
    ["x-headgate-worker-peer", "203.0.113.1"],
    ["X-Headgate-Worker-Peer", "203.0.113.2"],
    ["connection", "x-headgate-worker-peer"],
  ] as const;
  const many = Array.from({ length: 2500 }, (_, i) => [`x-${i}`, "1"] as const);
  for (const given of [headers, [...headers, ...many], many]) {
    const { json } = await rawRequest(url, { target: admin("/keys"), headers: [["host", "headgate.test"], ...given] });
    expect(json.from).toBe("127.0.0.1");
    expect(json.parsed["x-headgate-worker-peer"]).toBeUndefined();
    expect(json.headers.length).toBeGreaterThanOrEqual(2 * given.filter(([name]) => /^x-\d/.test(name)).length);
  }
});

test("a body whose length is behind thousands of headers is never taken for another request", async () => {
  const { url } = await install((req, res) => {
    req.resume();
    res.end(req.url);
  });
  for (let count = 1990; count < 2030; count++) {
    const many = Array.from({ length: count }, (_, i) => [`x-${i}`, "1"] as const);
    const target = admin("/smuggled");
    const body = `GET ${target} HTTP/1.1\r\n\r\n`;
    const headers = [["host", "headgate.test"], ...many, ["content-length", String(body.length)]] as const;
    const first = await rawRequest(url, { target: admin("/first"), headers, body });
    const second = await rawRequest(url, { target: admin("/second") });
    expect([first.text, second.text]).toEqual([admin("/first"), admin("/second")]);
  }
});

test("a listener for callers takes nobody's word for an address", async () => {
  const handle: Handle = (req, res) => void res.end(remoteAddressOf(req));
  const options = { host: "127.0.0.1", port: 0, gateway: calls, corsOrigins: [], requestTimeoutMs: 5000 };
  const listener = new Listener({ ...options, sideHandlers: [{ owns: () => true, handle }] });
  const url = `http://127.0.0.1:${await listener.listen()}`;
  cleanUps.push(() => listener.close(true));
  const { text } = await rawRequest(url, { target: "/livez", headers: { "x-headgate-worker-peer": "203.0.113.1" } });
  expect(text).toBe("127.0.0.1");
});

test("each of several cookies is set, and what belongs to the connection to control stays there", async () => {
  const { url } = await install((_req, res) => {
    res.writeHead(201, "Made", ["Set-Cookie", "a=1", "set-cookie", "b=2", "X-Odd", "caf\u00e9", "Keep-Alive", "timeout=1"]);
    res.end(Buffer.from("made"));
  });
  const response = await rawRequest(url, { target: admin("/sessions") });
  expect([response.status, response.statusText, response.text]).toEqual([201, "Made", "made"]);
  const named = (name: string) =>
    response.rawHeaders.flatMap((each, i, all) => (i % 2 === 0 && each.toLowerCase() === name ? [`${each}: ${all[i + 1]}`] : []));
  expect(named("set-cookie")).toEqual(["Set-Cookie: a=1", "set-cookie: b=2"]);
  expect(named("x-odd")).toEqual(["X-Odd: caf\u00e9"]);
  expect(named("keep-alive")).not.toContain("Keep-Alive: timeout=1");
  expect(named("date")).toHaveLength(1);
});

test("answers without a body leave the connection usable", async () => {
  const { url } = await install((req, res) => {
    if (req.method === "HEAD") return void res.writeHead(200, { "content-length": 1000 }).end();
    if (req.url === admin("/304")) return void res.writeHead(304, { etag: '"1"' }).end();
    if (req.method === "DELETE") return void res.writeHead(204).end();
    res.end("the end");
  });
  const connection = await rawConnect(url);
  cleanUps.push(() => connection.destroy());
  const ask = async (method: string, path: string) => {
    connection.send(rawRequestBytes(url, { method, target: admin(path) }));
    return (await connection.response({ method })).done();
  };
  const head = await ask("HEAD", "/keys");
  expect([head.status, head.headers["content-length"], head.text]).toEqual([200, "1000", ""]);
  const unchanged = await ask("GET", "/304");
  expect([unchanged.status, unchanged.headers.etag, unchanged.text]).toEqual([304, '"1"', ""]);
  expect((await ask("DELETE", "/keys/1")).status).toBe(204);
  expect((await ask("GET", "/keys")).text).toBe("the end");
});

test("POST without a body has none there, and GET with one has it", async () => {
  const { url } = await install((req, res) => {
    let body = "";
    req.setEncoding("utf8").on("data", (chunk) => {
      body += chunk;
    });
    req.once("end", () => res.end(JSON.stringify([body, req.headers["content-length"], req.headers["transfer-encoding"]])));
  });
  const ask = async (request: RawRequest) => (await rawRequest(url, request)).json;
  expect(await ask({ method: "POST", target: admin("/x") })).toEqual(["", "0", null]);
  expect(await ask({ method: "GET", target: admin("/x") })).toEqual(["", null, null]);
  const chunked = { "transfer-encoding": "chunked" };
  const request = { method: "GET", target: admin("/x"), headers: chunked, body: "3\r\nabc\r\n0\r\n\r\n" };
  expect(await ask(request)).toEqual(["abc", null, "chunked"]);
});

test("large bodies go through both ways, whole", async () => {
  const { url } = await install((req, res) => void req.pipe(res));
  const body = randomBytes(20 * 1024 * 1024);
  const response = await fetch(`${url}${admin("/import")}`, { method: "POST", body });
  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  expect(digest(new Uint8Array(await response.arrayBuffer()))).toBe(digest(body));
});

test("what the caller does not read is not read from control either", async () => {
  let written = 0;
  const { url } = await install((_req, res) => {
    const chunk = Buffer.alloc(64 * 1024);
    const write = () => {
      while (!res.destroyed && written < 200 * 1024 * 1024) {
        written += chunk.length;
        if (!res.write(chunk)) return void res.once("drain", write);
      }
    };
    write();
  });
  const connection = await send(url, { target: admin("/exports/1") });
  await connection.response();
  connection.pause();
  let before = -1;
  await eventually(async () => {
    const isStill = written === before;
    before = written;
    await delay(200);
    return isStill;
  });
  expect(written).toBeLessThan(100 * 1024 * 1024);
});

test("events arrive one by one, and control hears when their reader has gone", async () => {
  let stream!: ServerResponse;
  let closed = false;
  const { url, forward } = await install((_req, res) => {
    stream = res;
    res.once("close", () => {
      closed = true;
    });
    res.writeHead(200, { "content-type": "text/event-stream" });
    res.flushHeaders();
  });
  const connection = await send(url, { target: admin("/events") });
  const response = await connection.response();
  expect(response.headers["content-type"]).toBe("text/event-stream");
  for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
    stream.write(event);
    await response.untilBody(event);
  }
  expect(forward.open).toBe(1);
  await connection.destroy();
  await eventually(async () => closed && forward.open === 0);
});

test("a caller who leaves before the answer is heard of, also behind another request of theirs", async () => {
  const open = new Set<string>();
  const { url, forward } = await install((req, res) => {
    open.add(req.url as string);
    res.once("close", () => open.delete(req.url as string));
  });
  const connection = await send(url, { target: admin("/one") });
  connection.send(rawRequestBytes(url, { target: admin("/two") }));
  await eventually(async () => open.size === 2);
  await connection.destroy();
  await eventually(async () => open.size === 0 && forward.open === 0);
});

test("streams of events are ended as a whole when the worker is to go, and nothing else is", async () => {
  const streams: ServerResponse[] = [];
  const { url, forward } = await install((_req, res) => {
    streams.push(res);
    res.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
  });
  const [events, answer] = (await Promise.all(
    ["/events?topics=keys", "/playground/v1/responses"].map(async (path) => {
      const response = await (await send(url, { target: admin(path) })).response();
      await response.untilBody("data: 1\n\n");
      return response;
    }),
  )) as [RawResponse, RawResponse];
  forward.endEventStreams();
  expect((await events.done()).ended).toBe("complete");
  for (const stream of streams) stream.end("data: 2\n\n");
  expect((await answer.done()).text).toBe("data: 1\n\ndata: 2\n\n");
});

test("an answer that control does not finish is cut", async () => {
  const { url, stopControl } = await install((_req, res) => void res.writeHead(200).write("the beginning"));
  const response = await (await send(url, { target: admin("/exports/1") })).response();
  await response.untilBody("the beginning");
  await stopControl();
  expect((await response.done()).ended).toBe("cut");
});

test("a change that control did not answer may have been made, which is said; reading it again does no harm", async () => {
  const { url } = await install((req) => void req.socket.destroy());
  const change = await rawRequest(url, { method: "POST", target: admin("/keys"), body: { name: "n" } });
  expect([change.status, change.json.error.code, change.headers["retry-after"]]).toEqual([503, "control_unavailable", undefined]);
  expect(change.json.error.message).toContain("Check whether the change was made");
  const reading = await rawRequest(url, { target: admin("/keys") });
  expect([reading.status, reading.json.error.code, reading.headers["retry-after"]]).toEqual([503, "control_unavailable", "1"]);
});

test("while control is away its paths say so at once, and work again when it is back", async () => {
  let nowMs = Date.parse("2026-01-01T00:00:00Z");
  let hasSnapshot = false;
  const { url, startControl, stopControl } = await install(null, { nowMs: () => nowMs, hasSnapshot: () => hasSnapshot });
  const ask = (target: string, method = "GET") => rawRequest(url, { target, method });
  expect(await ask("/readyz")).toMatchObject({ status: 503, json: { status: "starting" } });
  hasSnapshot = true;
  for (const target of [admin("/keys"), "/metrics", "/dashboard/", "/dashboard"]) {
    const response = await ask(target);
    expect([response.status, response.json.error.code, response.headers["retry-after"]]).toEqual([
      503,
      "control_unavailable",
      "1",
    ]);
    expect(await ask(target, "HEAD")).toMatchObject({ status: 503, text: "", ended: "complete" });
  }
  expect(await ask("/livez")).toMatchObject({ status: 200, json: { status: "ok" } });
  expect(await ask("/readyz", "POST")).toMatchObject({ status: 405 });
  nowMs += 5000;
  const reasons = [{ part: "control", since: "2026-01-01T00:00:00.000Z", detail: "it does not answer" }];
  expect(await ask("/readyz")).toMatchObject({ status: 200, json: { status: "degraded", reasons } });

  await startControl(answerJson(() => ({ status: "ready", reasons: [] })));
  expect(await ask("/readyz")).toMatchObject({ status: 200, json: { status: "ready", reasons: [] } });
  await stopControl();
  const again = await ask("/readyz");
  expect(again.json.reasons).toEqual([{ ...reasons[0], since: new Date(nowMs).toISOString() }]);
  await startControl((_req, res) => void res.end("back"));
  expect((await ask(admin("/keys"))).text).toBe("back");
});

test("readiness does not wait for a control that hangs", async () => {
  const { url } = await install(() => {}, { readinessTimeoutMs: 50 });
  expect(await rawRequest(url, { target: "/readyz" })).toMatchObject({ status: 200, json: { status: "degraded" } });
});

test("a body that nobody takes does not keep its caller from the answer", async () => {
  const { url } = await install(null);
  const body = "x".repeat(5 * 1024 * 1024);
  const response = await rawRequest(url, { method: "POST", target: admin("/keys"), body: body.slice(0, 200_000) });
  expect([response.status, response.json.error.code]).toEqual([503, "control_unavailable"]);
  const connection = await send(url, { method: "POST", target: admin("/keys"), body });
  expect((await (await connection.response()).done()).status).toBe(503);
});

test("an answer that comes before the body has arrived is passed on, and the rest of the body is not", async () => {
  let received = 0;
  const { url, forward } = await install((req, res) => {
    res.writeHead(413, { connection: "close" }).end("too large");
    req.on("data", (chunk) => {
      received += chunk.length;
    });
  });
  for (let i = 0; i < 20; i++) {
    const headers = { "content-length": String(1024 ** 3) };
    const connection = await send(url, { method: "POST", target: admin("/keys"), headers, body: "x".repeat(2 * 1024 * 1024) });
    const response = await (await connection.response()).done();
    expect([response.status, response.text]).toEqual([413, "too large"]);
    await connection.destroy();
  }
  await eventually(async () => forward.open === 0);
  expect(received).toBeLessThan(20 * 2 * 1024 * 1024);
});

test("`expect: 100-continue` is answered, once", async () => {
  const { url } = await install(seen);
  const headers = { expect: "100-continue", "content-length": "2" };
  const connection = await send(url, { method: "POST", target: admin("/keys"), headers });
  await eventually(async () => connection.socket.bytesRead > 0);
  connection.send("{}");
  const { status, json } = await (await connection.response()).done();
  expect([status, json.parsed.expect, connection.interimStatuses]).toEqual([200, undefined, [100]]);
});

test("beyond the bound requests are refused at once; probes are not", async () => {
  const { url, forward } = await install(
    (req, res) => {
      if (req.url === "/readyz") res.end("{}");
      else res.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders();
    },
    { openMax: 3 },
  );
  const open = await Promise.all(
    [1, 2, 3].map(async () => {
      const connection = await send(url, { target: admin("/events") });
      await connection.response();
      return connection;
    }),
  );
  const refused = await rawRequest(url, { target: admin("/keys") });
  expect([refused.status, refused.json.error.code, refused.headers["retry-after"]]).toEqual([503, "control_unavailable", "1"]);
  expect((await rawRequest(url, { target: "/readyz" })).status).toBe(200);
  await open[0]?.destroy();
  await eventually(async () => forward.open === 2);
  expect((await (await send(url, { target: admin("/events") })).response()).status).toBe(200);
});

test("pages of allowed origins get in, to the API and not to the dashboard, also while control is away", async () => {
  const origin = "https://pages.test";
  const { url, stopControl } = await install(
    (_req, res) => {
      res.setHeader("vary", "accept-encoding");
      res.end("control");
    },
    { corsOrigins: [origin] },
  );
  const ask = (target: string, more: RawRequest | object = {}) => rawRequest(url, { target, headers: { origin }, ...more });
  const allowed = (response: RawResponse) => response.headers["access-control-allow-origin"];
  const preflight = { method: "OPTIONS", headers: { origin, "access-control-request-method": "PUT" } };
  expect(await ask(admin("/keys"), preflight)).toMatchObject({ status: 204 });
  const answer = await ask(admin("/keys"));
  expect([allowed(answer), answer.headers.vary, answer.text]).toEqual([origin, "accept-encoding", "control"]);
  expect(allowed(await ask("/dashboard/"))).toBeUndefined();
  await stopControl();
  expect([allowed(await ask(admin("/keys"))), allowed(await ask("/dashboard/"))]).toEqual([origin, undefined]);
});
