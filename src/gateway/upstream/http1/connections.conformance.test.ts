// Connections are used again when that is safe and never otherwise; a request can leave at any time, and hears exactly one end.
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { eventually } from "../../../../test/support/eventually.ts";
import { createFakeClock } from "../../../../test/support/fake-clock.ts";
import { selfSignedCertificate, selfSignedKey } from "../../../../test/support/self-signed-certificate.ts";
import { allClients, http1Client } from "./fixtures/clients.ts";
import { openPair } from "./fixtures/open-pair.ts";
import { Recorder } from "./fixtures/recorder.ts";
import type { Connect } from "./http1-pool.ts";
import type { UpstreamHandler, UpstreamRequest } from "./upstream-request.ts";

const certificate = { key: selfSignedKey, cert: selfSignedCertificate };
const ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const answerOk = (socket: Socket) => socket.write(ok);
const get: UpstreamRequest = { method: "GET", path: "/", headers: [], body: null };
const post: UpstreamRequest = { method: "POST", path: "/", headers: [], body: Buffer.from("{}") };
const gone = new Error("gone");

function dispatch(client: { dispatch(request: UpstreamRequest, handler: UpstreamHandler): unknown }, request = post) {
  const recorder = new Recorder();
  recorder.control = client.dispatch(request, recorder) as Recorder["control"];
  return recorder;
}

const tick = () => new Promise(setImmediate);

describe.each(allClients)("$name", (kind) => {
  it("requests one after the other share a connection", async () => {
    const { server, client } = await openPair(kind, answerOk, { certificate, connectionsMax: 1 });
    for (let i = 0; i < 5; i++) expect((await dispatch(client).over()).text).toBe("ok");
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 0, 0, 0, 0]);
  });

  it("requests at the same time have connections of their own, and leave them to the next ones", async () => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    for (let round = 0; round < 3; round++) {
      const recorders = Array.from({ length: 10 }, () => dispatch(client));
      for (const recorder of recorders) expect((await recorder.over()).text).toBe("ok");
    }
    if (kind.isOurs) expect(server.sockets).toHaveLength(10);
  });

  it("beyond the limit requests wait, and are sent in their order", async () => {
    const { server, client } = await openPair(kind, (socket) => setImmediate(answerOk, socket), {
      certificate,
      connectionsMax: 2,
    });
    const recorders = Array.from({ length: 20 }, (_, i) => dispatch(client, { ...get, path: `/${i}` }));
    for (const recorder of recorders) await recorder.over();
    expect(server.sockets.length).toBeLessThanOrEqual(2);
    const order = server.requests.map(({ head }) => Number(/\/(\d+)/.exec(head)?.[1]));
    // Two at a time: neighbours may change places on their way.
    for (const [at, number] of order.entries()) expect(Math.abs(at - number)).toBeLessThanOrEqual(1);
  });

  it("a connection that the endpoint closed in between is not used again", async () => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    await dispatch(client).over();
    server.sockets[0]?.end();
    await eventually(() => client.sockets[0]?.destroyed);
    expect((await dispatch(client).over()).text).toBe("ok");
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 1]);
  });

  it("a close that has arrived before anything is written costs no request", async () => {
    const { server, client } = await openPair(
      kind,
      (socket) => {
        socket.write(ok);
        setImmediate(() => socket.end());
      },
      { certificate },
    );
    for (let i = 0; i < 20; i++) {
      expect((await dispatch(client).over()).error).toBeNull();
      await tick();
      await tick();
      // Nearly always by now; until then nobody can know.
      await eventually(() => client.sockets.every((socket) => socket.destroyed), { everyMs: 1 });
    }
    expect(server.requests).toHaveLength(20);
  });

  it("bytes that come between requests end the connection, and are nobody's answer", async () => {
    const { server, client } = await openPair(kind, answerOk, { certificate });
    await dispatch(client).over();
    server.sockets[0]?.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison");
    await eventually(() => client.sockets[0]?.destroyed, { everyMs: 1 });
    expect((await dispatch(client).over()).text).toBe("ok");
    expect(server.sockets).toHaveLength(2);
  });

  it("a close instead of an answer is an error", async () => {
    const { client } = await openPair(kind, (socket) => socket.end(), { certificate });
    const { error } = await dispatch(client).over();
    expect(error).toMatchObject({ code: kind.isOurs ? "HEADGATE_UPSTREAM_CLOSED" : "UND_ERR_SOCKET" });
  });

  it("a reset instead of an answer is the socket's error", async () => {
    if (kind.tls) return;
    const { client } = await openPair(kind, (socket) => socket.resetAndDestroy(), { certificate });
    expect((await dispatch(client).over()).error).toMatchObject({ code: "ECONNRESET" });
  });

  it("a reset in the middle of a body up to the end of the connection is an error", async () => {
    if (kind.tls) return;
    const { server, client } = await openPair(kind, (socket) => socket.write("HTTP/1.1 200 OK\r\n\r\nhalf"), { certificate });
    const recorder = dispatch(client);
    // A reset that is there before the bytes are read looks like a proper end to Node.js.
    await eventually(() => recorder.text === "half", { everyMs: 1 });
    server.sockets[0]?.resetAndDestroy();
    await recorder.over();
    // undici calls it complete: an answer that was cut passes for a whole one.
    expect({ text: recorder.text, ended: recorder.ended }).toEqual({ text: "half", ended: !kind.isOurs });
  });

  it("a request that meets a close on its way is repeated only if that is harmless, and only by us", async () => {
    const { server, client } = await openPair(
      kind,
      (socket, _request, count) => (count === 1 ? socket.write(ok) : socket.end()),
      { certificate, connectionsMax: 1 },
    );
    await dispatch(client).over();
    const first = await dispatch(client, post).over();
    expect(first.error).toMatchObject({ code: kind.isOurs ? "HEADGATE_UPSTREAM_CLOSED" : "UND_ERR_SOCKET" });
    await dispatch(client).over();
    const second = await dispatch(client, get).over();
    expect(second.error === null).toBe(kind.isOurs);
    expect(second.starts).toBe(1);
    expect(server.requests).toHaveLength(kind.isOurs ? 5 : 4);
  });

  it("connector errors arrive unchanged, once for each request", async () => {
    const refusal = Object.assign(new Error("no"), { code: "E_TEST", phase: "dns" });
    const connect: Connect = (_target, callback) => setImmediate(callback, refusal, null);
    const { client } = await openPair(kind, answerOk, { certificate, connect, connectionsMax: 3 });
    const recorders = Array.from({ length: 8 }, () => dispatch(client));
    for (const recorder of recorders) {
      expect((await recorder.over()).error).toBe(refusal);
      expect(recorder.starts).toBe(0);
      expect(recorder.violations).toEqual([]);
    }
  });

  describe("an abort", () => {
    it("while the request is on its way ends it and its connection", async () => {
      const { server, client } = await openPair(kind, () => undefined, { certificate });
      const recorder = dispatch(client);
      await eventually(() => server.requests.length === 1);
      recorder.control?.abort(gone);
      expect((await recorder.over()).error).toBe(gone);
      await eventually(() => client.sockets[0]?.destroyed);
      await tick();
      expect(recorder.violations).toEqual([]);
    });

    it.each([
      { where: "in the head", sent: "HTTP/1.1 200 OK\r\ncont" },
      { where: "in a body of known length", sent: "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf" },
      { where: "in a chunk", sent: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf" },
      { where: "between chunks", sent: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n" },
      { where: "in a body up to the end of the connection", sent: "HTTP/1.1 200 OK\r\n\r\nhalf" },
    ])("$where ends it and its connection", async ({ sent }) => {
      const { client } = await openPair(kind, (socket) => socket.write(sent), { certificate });
      const recorder = dispatch(client);
      await eventually(
        () => (client.sockets[0]?.bytesRead ?? 0) >= sent.length && (sent.includes("half") ? recorder.text : true),
      );
      recorder.control?.abort(gone);
      expect((await recorder.over()).error).toBe(gone);
      await eventually(() => client.sockets[0]?.destroyed);
      await tick();
      expect(recorder.violations).toEqual([]);
    });

    it.each(["onHead", "onData"] as const)("from within %s stops everything else", async (call) => {
      const body = "4\r\none!\r\n4\r\ntwo!\r\n0\r\n\r\n";
      const { client } = await openPair(
        kind,
        (socket) => socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${body}`),
        {
          certificate,
        },
      );
      const recorder: Recorder = new Recorder({ [call]: () => recorder.control?.abort(gone) });
      client.dispatch(post, recorder);
      await recorder.over();
      await eventually(() => client.sockets[0]?.destroyed);
      expect(recorder).toMatchObject({ error: gone, ended: false, violations: [], text: call === "onHead" ? "" : "one!" });
    });

    it("after the end changes nothing", async () => {
      const { server, client } = await openPair(kind, answerOk, { certificate, connectionsMax: 1 });
      const recorder = await dispatch(client).over();
      recorder.control?.abort(gone);
      recorder.control?.pause();
      recorder.control?.resume();
      await dispatch(client).over();
      expect(recorder).toMatchObject({ error: null, ended: true, violations: [] });
      expect(server.sockets).toHaveLength(1);
    });
  });

  describe("a pause", () => {
    it.each([
      {
        framing: "chunked",
        answer: "transfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n",
        first: "one",
        closes: false,
      },
      { framing: "of known length", answer: "content-length: 6\r\n\r\nonetwo", first: "onetwo", closes: false },
      { framing: "up to the close", answer: "\r\nonetwo", first: "onetwo", closes: true },
    ])("in onData holds back all the rest of a body that is $framing, and its end", async ({ answer, first, closes }) => {
      // undici meets the end of the connection with an assertion that nobody catches.
      if (closes && !kind.isOurs) return;
      const { client } = await openPair(
        kind,
        (socket) => {
          socket.write(`HTTP/1.1 200 OK\r\n${answer}`);
          if (closes) socket.end();
        },
        { certificate },
      );
      const recorder: Recorder = new Recorder({ onData: () => recorder.control?.pause() });
      client.dispatch(post, recorder);
      await eventually(() => recorder.chunks.length > 0);
      for (let i = 0; i < 10; i++) await tick();
      // undici gives the end of a body that came in one piece with its last bytes.
      if (kind.isOurs) expect(recorder).toMatchObject({ text: first, ended: false });
      await eventually(() => {
        recorder.control?.resume();
        return recorder.isOver;
      });
      expect(recorder).toMatchObject({ text: "onetwo", error: null, violations: [] });
    });

    it("in onHead holds back the body", async () => {
      const { client } = await openPair(kind, answerOk, { certificate });
      const recorder: Recorder = new Recorder({ onHead: () => recorder.control?.pause() });
      client.dispatch(post, recorder);
      await eventually(() => recorder.status === 200);
      for (let i = 0; i < 10; i++) await tick();
      if (kind.isOurs) expect(recorder).toMatchObject({ text: "", ended: false });
      recorder.control?.resume();
      expect((await recorder.over()).text).toBe("ok");
    });

    it("slows the endpoint down, and no byte is lost", async () => {
      const part = Buffer.alloc(1 << 20, "x");
      const parts = 32;
      const head = `HTTP/1.1 200 OK\r\ncontent-length: ${parts * part.length}\r\n\r\n`;
      const { server, client } = await openPair(
        kind,
        (socket) => {
          socket.write(head);
          let left = parts;
          const more = () => {
            while (left > 0) {
              left--;
              if (!socket.write(part)) return void socket.once("drain", more);
            }
          };
          more();
        },
        { certificate },
      );
      let pauses = 0;
      const recorder: Recorder = new Recorder({
        onData: () => {
          if (pauses > 50) return;
          pauses++;
          recorder.control?.pause();
          setImmediate(() => pauses <= 50 && recorder.control?.resume());
        },
      });
      client.dispatch(post, recorder);
      await eventually(() => pauses > 50);
      let before = -1;
      await eventually(
        () => {
          const written = server.sockets[0]?.bytesWritten ?? 0;
          const stands = written === before;
          before = written;
          return stands;
        },
        { everyMs: 100 },
      );
      expect(server.sockets[0]?.writableLength).toBeGreaterThan(0);
      recorder.control?.resume();
      await recorder.over();
      expect(recorder.error).toBeNull();
      expect(recorder.body.length).toBe(parts * part.length);
    });
  });

  it("close lets requests finish, those that wait included, and takes no more", async () => {
    const { server, client } = await openPair(kind, (socket) => setImmediate(answerOk, socket), {
      certificate,
      connectionsMax: 1,
    });
    const recorders = Array.from({ length: 3 }, () => dispatch(client));
    await eventually(() => server.requests.length > 0);
    await client.close();
    for (const recorder of recorders) expect(recorder).toMatchObject({ text: "ok", error: null });
    expect(() => dispatch(client)).toThrow();
    await eventually(() => client.sockets.every((socket) => socket.destroyed));
  });

  it("destroy ends everything with an error", async () => {
    const { server, client } = await openPair(kind, () => undefined, { certificate, connectionsMax: 2 });
    const recorders = Array.from({ length: 5 }, () => dispatch(client));
    await eventually(() => server.requests.length === 2);
    await client.destroy();
    for (const recorder of recorders) {
      expect((await recorder.over()).error).not.toBeNull();
      if (kind.isOurs) expect(recorder.error).toMatchObject({ code: "HEADGATE_UPSTREAM_POOL_CLOSED" });
      expect(recorder.violations).toEqual([]);
    }
    expect(client.sockets.every((socket) => socket.destroyed)).toBe(true);
    expect(() => dispatch(client)).toThrow();
  });

  it("sockets gather no listeners", async () => {
    const { client } = await openPair(kind, answerOk, { certificate, connectionsMax: 1 });
    const count = () => {
      const socket = client.sockets[0] as Socket;
      return socket.eventNames().map((name) => `${String(name)} ${socket.listenerCount(name)}`);
    };
    await dispatch(client).over();
    await tick();
    const before = count();
    for (let i = 0; i < 300; i++) await dispatch(client).over();
    await tick();
    expect(count()).toEqual(before);
    expect(client.sockets).toHaveLength(1);
  });
});

describe("beyond undici", () => {
  const nothing = { connecting: 0, busy: 0, free: 0, waiting: 0 };

  it("a request that waits for a connection is aborted at once, wherever it stands, and never sent", async () => {
    const { server, client } = await openPair(http1Client, (socket) => setTimeout(answerOk, 20, socket), {
      certificate,
      connectionsMax: 1,
    });
    const recorders = Array.from({ length: 6 }, (_, i) => dispatch(client, { ...get, path: `/${i}` }));
    await eventually(() => server.requests.length === 1);
    for (const i of [1, 3, 5]) {
      recorders[i]?.control?.abort(gone);
      expect(recorders[i]).toMatchObject({ error: gone, starts: 0 });
    }
    expect(client.pool?.stats.waiting).toBe(2);
    for (const recorder of recorders) await recorder.over();
    expect(server.requests.map(({ head }) => head.split(" ")[1])).toEqual(["/0", "/2", "/4"]);
    for (const recorder of recorders) expect(recorder.violations).toEqual([]);
  });

  it("a request whose connection is being made is aborted at once, and the connection is the next one's", async () => {
    const { server, client } = await openPair(http1Client, answerOk, { certificate });
    const recorder = dispatch(client);
    recorder.control?.abort(gone);
    expect(recorder).toMatchObject({ error: gone, starts: 0 });
    await eventually(() => client.pool?.stats.free === 1);
    expect((await dispatch(client).over()).text).toBe("ok");
    expect(server.sockets).toHaveLength(1);
    expect(server.requests).toHaveLength(1);
  });

  it("a connection that fails takes a request with it only if it was made for it", async () => {
    const pending: Parameters<Connect>[1][] = [];
    const { client } = await openPair(http1Client, answerOk, {
      certificate,
      connect: (_target, callback) => void pending.push(callback),
    });
    const first = dispatch(client);
    first.control?.abort(gone);
    const second = dispatch(client);
    expect(pending).toHaveLength(1);
    pending[0]?.(new Error("the one made for the first"), null);
    expect(second.isOver).toBe(false);
    expect(pending).toHaveLength(2);
    const failure = new Error("its own");
    pending[1]?.(failure, null);
    expect(second.error).toBe(failure);
    expect(client.pool?.stats).toEqual(nothing);
  });

  it("an abort between dispatch and writing leaves the connection free and unharmed", async () => {
    const { server, client } = await openPair(http1Client, answerOk, { certificate });
    await dispatch(client).over();
    const aborted = dispatch(client);
    expect(client.pool?.stats).toMatchObject({ busy: 1, free: 0 });
    aborted.control?.abort(gone);
    expect(client.pool?.stats).toMatchObject({ busy: 0, free: 1 });
    const inStart: Recorder = new Recorder({ onStart: (control) => control.abort(gone) });
    client.dispatch(post, inStart);
    await inStart.over();
    expect(inStart.error).toBe(gone);
    expect((await dispatch(client).over()).text).toBe("ok");
    expect(server.sockets).toHaveLength(1);
    expect(server.requests).toHaveLength(2);
  });

  it("a free connection is closed when its time is over: 4 s, or what the endpoint says less a second, at most 10 min", async () => {
    for (const { field, atMs } of [
      { field: "", atMs: 4000 },
      { field: "Keep-Alive: timeout=7, max=100\r\n", atMs: 6000 },
      { field: "keep-alive: max=5, timeout=86400\r\n", atMs: 600_000 },
    ]) {
      const clock = createFakeClock();
      const { client } = await openPair(
        http1Client,
        (socket) => socket.write(`HTTP/1.1 200 OK\r\n${field}content-length: 0\r\n\r\n`),
        {
          certificate,
          clock,
        },
      );
      await dispatch(client).over();
      // One timer for all connections, and none for requests.
      expect(clock.pending).toBe(1);
      await clock.advance(atMs - 1);
      expect(client.sockets[0]?.destroyed).toBe(false);
      await clock.advance(1001);
      expect(client.sockets[0]?.destroyed).toBe(true);
      await eventually(() => client.pool?.stats.free === 0);
      expect(clock.pending).toBe(0);
    }
  });

  it("a free connection whose time is over is not used, though no timer has closed it yet", async () => {
    const clock = createFakeClock();
    let lateMs = 0;
    const late = { ...clock, nowMs: () => clock.nowMs() + lateMs };
    const { server, client } = await openPair(http1Client, answerOk, { certificate, clock: late });
    await dispatch(client).over();
    lateMs = 4000;
    await dispatch(client).over();
    expect(server.requests.map(({ connection }) => connection)).toEqual([0, 1]);
  });

  it("the last connection that became free is used first", async () => {
    const { server, client } = await openPair(http1Client, answerOk, { certificate });
    const ended: number[] = [];
    const recorders = Array.from({ length: 3 }, (_, i) => new Recorder({ onEnd: () => ended.push(i) }));
    for (const [i, recorder] of recorders.entries()) client.dispatch({ ...get, path: `/${i}` }, recorder);
    for (const recorder of recorders) await recorder.over();
    const last = server.requests.find(({ head }) => head.startsWith(`GET /${ended.at(-1)} `))?.connection;
    for (let i = 0; i < 3; i++) await dispatch(client).over();
    expect(server.requests.slice(3).map(({ connection }) => connection)).toEqual([last, last, last]);
  });

  it("a pause that outlasts the connection keeps what has arrived", async () => {
    const { client } = await openPair(
      http1Client,
      (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
        socket.end();
      },
      { certificate },
    );
    const recorder: Recorder = new Recorder({ onData: () => recorder.chunks.length === 1 && recorder.control?.pause() });
    client.dispatch(post, recorder);
    await eventually(() => recorder.text === "one");
    await new Promise((resolve) => setTimeout(resolve, 20));
    recorder.control?.resume();
    await recorder.over();
    expect(recorder).toMatchObject({ text: "onetwo", ended: true, violations: [] });
    await eventually(() => client.pool?.stats.busy === 0);
  });

  it("resume from within a handler delivers the rest in order", async () => {
    const { client } = await openPair(
      http1Client,
      (socket) => socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n"),
      { certificate },
    );
    const depths: number[] = [];
    let depth = 0;
    const recorder: Recorder = new Recorder({
      onData: () => {
        depths.push(++depth);
        recorder.control?.pause();
        recorder.control?.resume();
        depth--;
      },
    });
    client.dispatch(post, recorder);
    await recorder.over();
    expect(recorder.text).toBe("abc");
    expect(depths).toEqual([1, 1, 1]);
  });

  it.each(["onStart", "onHead", "onData", "onEnd", "onError"] as const)(
    "a handler that throws in %s harms nobody else",
    async (call) => {
      const { client } = await openPair(
        http1Client,
        (socket, { head }) => (head.includes("/bad") ? socket.end() : socket.write(ok)),
        {
          certificate,
        },
      );
      const listeners = process.listeners("uncaughtException");
      const caught: unknown[] = [];
      process.removeAllListeners("uncaughtException").on("uncaughtException", (error) => caught.push(error));
      try {
        const bug = new Error("a bug");
        const recorder = new Recorder({
          [call]: () => {
            throw bug;
          },
        });
        client.dispatch({ ...post, path: call === "onError" ? "/bad" : "/" }, recorder);
        await eventually(() => caught.length > 0);
        expect(caught).toEqual([bug]);
        expect((await dispatch(client).over()).text).toBe("ok");
        await eventually(() => client.pool?.stats.busy === 0);
      } finally {
        process.removeAllListeners("uncaughtException");
        for (const listener of listeners) process.on("uncaughtException", listener);
      }
    },
  );
});
