// Requests arrive as they were given, whatever their body is made of; what could be read as another request is refused.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { eventually } from "../../../../test/support/eventually.ts";
import { selfSignedCertificate, selfSignedKey } from "../../../../test/support/self-signed-certificate.ts";
import { allClients, http1Client, undiciClient } from "./fixtures/clients.ts";
import { openPair } from "./fixtures/open-pair.ts";
import { Recorder } from "./fixtures/recorder.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

const certificate = { key: selfSignedKey, cert: selfSignedCertificate };
const answerOk = (socket: Socket) => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
const post = (body: UpstreamRequest["body"], headers: string[] = []) => ({ method: "POST", path: "/", headers, body });
const bytes = (length: number, seed: number) => Buffer.alloc(length, (seed % 251) + 1);

describe.each(allClients)("bodies, $name", (kind) => {
  const bodies: { name: string; length: number; make: () => UpstreamRequest["body"] }[] = [
    { name: "none", length: 0, make: () => null },
    { name: "an empty buffer", length: 0, make: () => Buffer.alloc(0) },
    { name: "one byte", length: 1, make: () => bytes(1, 7) },
    { name: "1024 bytes", length: 1024, make: () => bytes(1024, 7) },
    { name: "1025 bytes", length: 1025, make: () => bytes(1025, 7) },
    { name: "a megabyte", length: 1 << 20, make: () => bytes(1 << 20, 7) },
    { name: "an empty list", length: 0, make: () => [] },
    { name: "10 MB in a list", length: 160 * 65_536, make: () => Array.from({ length: 160 }, (_, i) => bytes(65_536, i)) },
    { name: "a stream", length: 3000, make: () => Readable.from([1, 2, 3].map((i) => bytes(1000, i))) },
    { name: "an empty stream", length: 0, make: () => Readable.from([]) },
    {
      name: "a stream of 10 MB",
      length: 160 * 65_536,
      make: () => Readable.from(Array.from({ length: 160 }, (_, i) => bytes(65_536, i))),
    },
  ];

  it.each(bodies)("$name, with a content-length and without", async ({ length, make }) => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    const whole = await bytesOf(make());
    expect(whole.length).toBe(length);
    for (const headers of [[], ["content-length", String(length)]]) {
      const recorder = new Recorder();
      client.dispatch(post(make(), headers), recorder);
      expect((await recorder.over()).error).toBeNull();
      expect(recorder.text).toBe("ok");
    }
    expect(server.requests).toHaveLength(2);
    for (const { body } of server.requests) expect(body.equals(whole)).toBe(true);
    if (kind.isOurs) expect(server.sockets).toHaveLength(1);
  });

  it("a stream whose source has nothing for a while", async () => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    const body = new PassThrough();
    const recorder = new Recorder();
    client.dispatch(post(body), recorder);
    for (const piece of ["one ", "two ", "three"]) {
      body.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    body.end();
    await recorder.over();
    expect(server.requests[0]?.body.toString()).toBe("one two three");
  });

  it.each([
    { name: "longer", length: "4" },
    { name: "shorter", length: "6" },
  ])(
    "a stream that is $name than its content-length is an error, and the endpoint never gets a whole request",
    async ({ length }) => {
      const { server, client } = await openPair(kind, answerOk, { certificate });
      const recorder = new Recorder();
      client.dispatch(post(Readable.from([Buffer.from("hello")]), ["content-length", length]), recorder);
      await recorder.over();
      expect(recorder.error).not.toBeNull();
      if (kind.isOurs) expect(recorder.error).toMatchObject({ code: "HEADGATE_UPSTREAM_BODY_INCOMPLETE" });
      expect(server.requests).toEqual([]);
      await eventually(() => client.sockets.every((socket) => socket.destroyed));
    },
  );

  it("a stream that fails fails the exchange, with its own error", async () => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    const body = new PassThrough();
    const recorder = new Recorder();
    client.dispatch(post(body), recorder);
    body.write("half");
    await eventually(() => server.sockets.length > 0);
    body.destroy(new Error("source broke"));
    await recorder.over();
    expect(recorder.error?.message).toBe("source broke");
    expect(recorder.violations).toEqual([]);
    expect(server.requests).toEqual([]);
  });

  it("a stream that closes without an end fails the exchange", async () => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    const body = new PassThrough();
    const recorder = new Recorder();
    client.dispatch(post(body), recorder);
    body.write("half");
    await eventually(() => server.sockets.length > 0);
    body.destroy();
    await recorder.over();
    expect(recorder.error).not.toBeNull();
    if (kind.isOurs) expect(recorder.error).toMatchObject({ code: "HEADGATE_UPSTREAM_BODY_INCOMPLETE" });
  });

  it("a stream is read no faster than the endpoint reads", async () => {
    const { server, client } = await openPair(kind, answerOk, {
      certificate,
      onConnection: (socket) => {
        socket.pause();
        // The end may come in two pieces.
        let end = "";
        socket.on("data", (data) => {
          end = (end + data.toString("latin1", Math.max(0, data.length - 5))).slice(-5);
          if (end === "0\r\n\r\n") answerOk(socket);
        });
        return false;
      },
    });
    const length = 24 << 20;
    let given = 0;
    const body = new Readable({
      read() {
        given += 65_536;
        this.push(given > length ? null : bytes(65_536, 1));
      },
    });
    const recorder = new Recorder();
    client.dispatch(post(body), recorder);
    await eventually(() => given > 0 && server.sockets.length > 0);
    let before = -1;
    // It stands still at some point, long before its end.
    await eventually(
      () => {
        const stands = given === before;
        before = given;
        return stands;
      },
      { everyMs: 100 },
    );
    expect(given).toBeLessThan(length);
    server.sockets[0]?.resume();
    await recorder.over();
    expect(recorder.error).toBeNull();
    expect(given).toBeGreaterThan(length);
  });

  it("an answer that comes before the body's end is delivered; the rest is not sent, and the connection not used again", async () => {
    const { server, client } = await openPair(kind, answerOk, {
      certificate,
      onConnection: (socket) => {
        if (server.sockets.length > 1) return true;
        socket.once("data", () => socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig"));
        return false;
      },
    });
    const body = new PassThrough();
    const listeners = listenersOf(body);
    const recorder = new Recorder();
    client.dispatch(post(body), recorder);
    body.write("the beginning");
    await recorder.over();
    expect(recorder).toMatchObject({ status: 413, text: "big", error: null });
    await eventually(() => client.sockets[0]?.destroyed);
    if (kind.isOurs) {
      expect(body.destroyed).toBe(false);
      expect(listenersOf(body)).toEqual(listeners);
    }
    const next = new Recorder();
    client.dispatch(post(null), next);
    expect((await next.over()).text).toBe("ok");
    expect(server.sockets).toHaveLength(2);
  });

  it("an answer that comes while a large body in memory is still being sent is delivered too", async () => {
    const { server, client } = await openPair(kind, answerOk, {
      certificate,
      onConnection: (socket) => {
        if (server.sockets.length > 1) return true;
        socket.once("data", () => {
          socket.pause();
          socket.write("HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig");
        });
        return false;
      },
    });
    const recorder = new Recorder();
    client.dispatch(post(bytes(32 << 20, 1)), recorder);
    await recorder.over();
    expect(recorder).toMatchObject({ status: 413, text: "big", error: null });
    const next = new Recorder();
    client.dispatch(post(null), next);
    expect((await next.over()).text).toBe("ok");
    if (kind.isOurs) expect(server.sockets).toHaveLength(2);
  });
});

describe.each(allClients.filter(({ tls }) => !tls))("a caller's request handed on, $name", (kind) => {
  it.each([
    { name: "GET without a body", method: "GET", body: null, framing: null },
    { name: "DELETE without a body", method: "DELETE", body: null, framing: null },
    { name: "POST with an empty body", method: "POST", body: "", framing: "content-length: 0" },
    { name: "POST with a body", method: "POST", body: "hello", framing: "content-length: 5" },
  ])("$name", async ({ method, body, framing }) => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    let sawEnd = false;
    const gateway = createServer((req, res) => {
      req.once("end", () => {
        sawEnd = true;
      });
      const length = req.headers["content-length"];
      const headers = length === undefined ? [] : ["content-length", length];
      client.dispatch({ method, path: "/", headers, body: req }, new Recorder({ onEnd: () => res.end() }));
    });
    gateway.listen(0, "127.0.0.1");
    await once(gateway, "listening");
    try {
      const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}/`;
      for (let i = 0; i < 2; i++) expect((await fetch(url, { method, body })).status).toBe(200);
    } finally {
      gateway.closeAllConnections();
      gateway.close();
    }
    expect(sawEnd).toBe(true);
    for (const request of server.requests) {
      expect(request.body.toString()).toBe(body ?? "");
      expect(/^(content-length|transfer-encoding): .*$/m.exec(request.head)?.[0] ?? null).toBe(framing);
    }
    expect(server.requests).toHaveLength(2);
  });
});

function listenersOf(body: Readable): number[] {
  return ["data", "end", "error", "close"].map((event) => body.listenerCount(event));
}

async function bytesOf(body: UpstreamRequest["body"]): Promise<Buffer> {
  if (body === null) return Buffer.alloc(0);
  if (Buffer.isBuffer(body)) return body;
  const parts: Buffer[] = [];
  for await (const part of body as readonly Buffer[] | Readable) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

describe.each([undiciClient, http1Client])("what can't be sent is refused before anything is, $name", (kind) => {
  const get: UpstreamRequest = { method: "GET", path: "/", headers: [], body: null };
  const refused: { name: string; request: UpstreamRequest; stricter?: string }[] = [
    { name: "a line end in the method", request: { ...get, method: "GET / HTTP/1.1\r\nx: y\r\n\r\nGET" } },
    { name: "an empty method", request: { ...get, method: "" } },
    { name: "a space in the path", request: { ...get, path: "/a b" } },
    { name: "a line end in the path", request: { ...get, path: "/\r\nx: y" } },
    { name: "a NUL in the path", request: { ...get, path: "/\0" } },
    { name: "a path beyond latin1", request: { ...get, path: "/\u0120\u010a" } },
    { name: "a path without a slash", request: { ...get, path: "a" } },
    { name: "an empty path", request: { ...get, path: "" } },
    { name: "a URL for a path", request: { ...get, path: "http://other/" }, stricter: "we never speak to a proxy" },
    { name: "CONNECT", request: { ...get, method: "CONNECT" }, stricter: "there is nothing to tunnel" },
    { name: "a header list of odd length", request: { ...get, headers: ["a"] } },
    { name: "a line end in a name", request: { ...get, headers: ["a\r\nb", "c"] } },
    { name: "a colon in a name", request: { ...get, headers: ["a:b", "c"] } },
    { name: "a space in a name", request: { ...get, headers: ["a ", "c"] } },
    { name: "an empty name", request: { ...get, headers: ["", "c"] } },
    { name: "latin1 in a name", request: { ...get, headers: ["\xe4", "c"] } },
    { name: "a line end in a value", request: { ...get, headers: ["a", "b\r\nc: d"] } },
    { name: "a line feed in a value", request: { ...get, headers: ["a", "b\nc"] } },
    { name: "a carriage return in a value", request: { ...get, headers: ["a", "b\rc"] } },
    { name: "a NUL in a value", request: { ...get, headers: ["a", "b\0"] } },
    {
      name: "a value beyond latin1, with a line end once it is cut to it",
      request: { ...get, headers: ["a", "b\u010d\u010ac"] },
    },
    { name: "transfer-encoding", request: { ...get, headers: ["Transfer-Encoding", "chunked"] } },
    { name: "keep-alive", request: { ...get, headers: ["keep-alive", "timeout=5"] } },
    { name: "upgrade", request: { ...get, headers: ["upgrade", "h2c"] } },
    { name: "expect", request: { ...get, headers: ["expect", "100-continue"] } },
    { name: "connection", request: { ...get, headers: ["connection", "a"] }, stricter: "the pool decides about its connections" },
    { name: "two hosts", request: { ...get, headers: ["host", "a", "Host", "b"] } },
    { name: "two content-lengths", request: post(Buffer.from("x"), ["content-length", "1", "Content-Length", "1"]) },
    { name: "a content-length that is no number", request: post(Buffer.from("x"), ["content-length", "1 "]) },
    { name: "a content-length that is not the body's", request: post(Buffer.from("xy"), ["content-length", "1"]) },
    { name: "a content-length of no body", request: post(null, ["content-length", "5"]), stricter: "it sends 0 instead" },
    { name: "a content-length that is not a list's", request: post([Buffer.from("xy")], ["content-length", "3"]) },
  ];

  it.each(refused)("$name", async ({ request, stricter }) => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    const recorder = new Recorder();
    let error: unknown = null;
    try {
      client.dispatch(request, recorder);
    } catch (thrown) {
      error = thrown;
    }
    if (kind.isOurs) {
      expect(error).toMatchObject({ code: "HEADGATE_UPSTREAM_INVALID_REQUEST" });
      expect(server.sockets).toEqual([]);
      expect(client.pool?.stats).toEqual({ connecting: 0, busy: 0, free: 0, waiting: 0 });
    } else if (stricter === undefined) {
      if (error === null) error = (await recorder.over()).error;
      expect(error).not.toBeNull();
      expect(server.requests).toEqual([]);
    }
  });
});

describe("the head on the wire", () => {
  it.each([
    {
      name: "POST",
      request: { ...post(Buffer.from("{}"), ["Content-Type", "application/json", "x-a", "\xe4"]), path: "/v1/x?a=%20\xe4" },
      head: "POST /v1/x?a=%20\xe4 HTTP/1.1\r\nhost: HOST\r\nContent-Type: application/json\r\nx-a: \xe4\r\ncontent-length: 2",
    },
    { name: "POST without a body", request: post(null), head: "POST / HTTP/1.1\r\nhost: HOST\r\ncontent-length: 0" },
    {
      name: "a host of its own",
      request: post(null, ["Host", "api.test"]),
      head: "POST / HTTP/1.1\r\nHost: api.test\r\ncontent-length: 0",
    },
    { name: "GET", request: { ...post(null), method: "GET" }, head: "GET / HTTP/1.1\r\nhost: HOST" },
    { name: "DELETE", request: { ...post(null), method: "DELETE" }, head: "DELETE / HTTP/1.1\r\nhost: HOST" },
    {
      name: "HEAD, of which no connection is kept",
      request: { ...post(null), method: "HEAD" },
      head: "HEAD / HTTP/1.1\r\nhost: HOST\r\nconnection: close",
    },
    {
      name: "GET with a body, of which no connection is kept",
      request: { ...post(Buffer.from("x")), method: "GET" },
      head: "GET / HTTP/1.1\r\nhost: HOST\r\ncontent-length: 1\r\nconnection: close",
    },
    { name: "a stream", request: post(Readable.from([])), head: "POST / HTTP/1.1\r\nhost: HOST\r\ntransfer-encoding: chunked" },
  ])("$name", async ({ request, head }) => {
    const { server, client } = await openPair(http1Client, answerOk, { certificate });
    const recorder = new Recorder();
    client.dispatch(request, recorder);
    await recorder.over();
    expect(server.requests[0]?.head).toBe(head.replace("HOST", new URL(server.origin).host));
  });
});
