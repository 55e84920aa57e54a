// The connector and its failures, on real sockets: what it refuses, what it connects to, how it names what went wrong.
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { Client } from "undici";
import { afterEach, describe, expect, test } from "vitest";
import { selfSignedCertificate, selfSignedKey } from "../../test/support/self-signed-certificate.ts";
import { type ConnectorOptions, createConnector, EgressRefused } from "./connector.ts";
import { classifyFailure } from "./failure.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();

async function listen(server: Server, host = "127.0.0.1"): Promise<number> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  server.listen(0, host);
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  sockets.clear();
});

const answering = () => createServer((request, response) => response.end(`${request.headers.host}`));

async function get(url: string, options: Partial<ConnectorOptions> = {}) {
  const client = new Client(new URL(url).origin, {
    connect: createConnector({ connectTimeoutMs: 15_000, allowPrivate: true, ...options }),
  });
  try {
    const { statusCode, headers, body } = await client.request({ method: "GET", path: new URL(url).pathname });
    return { statusCode, headers, text: await body.text() };
  } finally {
    await client.destroy();
  }
}

async function failureOf(url: string, options: Partial<ConnectorOptions> = {}) {
  const error: unknown = await get(url, options).then(
    () => {
      throw new Error("the call succeeded");
    },
    (reason: unknown) => reason,
  );
  return { error, ...classifyFailure(error) };
}

describe("connector", () => {
  test("connects to private addresses of an administrator's endpoints, and to nothing private otherwise", async () => {
    const port = await listen(answering());
    expect((await get(`http://127.0.0.1:${port}/`)).statusCode).toBe(200);
    expect((await get(`http://localhost:${port}/`)).statusCode).toBe(200);
    expect((await failureOf(`http://127.0.0.1:${port}/`, { allowPrivate: false })).error).toBeInstanceOf(EgressRefused);
    expect((await failureOf(`http://localhost:${port}/`, { allowPrivate: false })).error).toBeInstanceOf(EgressRefused);
  });

  test.each([
    "http://169.254.169.254/latest/meta-data",
    "http://[fe80::1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "https://100.100.100.200/",
  ])("refuses the literal %s without a connection", async (url) => {
    expect(await failureOf(url)).toMatchObject({
      stage: "connect",
      code: "egress_refused",
      error: { code: "HEADGATE_EGRESS_REFUSED" },
    });
  });

  test("refuses a name that resolves to refused addresses only", async () => {
    const resolve = async () => [
      { address: "169.254.169.254", family: 4 },
      { address: "fe80::1", family: 6 },
    ];
    expect(await failureOf("http://rebound.example/", { resolve })).toMatchObject({ stage: "connect", code: "egress_refused" });
    expect(await failureOf("https://rebound.example/", { resolve })).toMatchObject({ stage: "connect", code: "egress_refused" });
  });

  test("connects to the checked addresses of a name and never to a refused one beside them", async () => {
    const port = await listen(answering());
    const resolve = async () => [
      { address: "fe80::1%lo", family: 6 },
      { address: "127.0.0.1", family: 4 },
    ];
    expect((await get(`http://mixed.example:${port}/`, { resolve })).text).toBe(`mixed.example:${port}`);
  });

  test("resolves once per connection: a second answer of the DNS can't move the socket", async () => {
    const port = await listen(answering());
    let lookups = 0;
    const resolve = async () => {
      lookups += 1;
      return [{ address: lookups === 1 ? "127.0.0.1" : "169.254.169.254", family: 4 }];
    };
    expect((await get(`http://rebinding.example:${port}/`, { resolve })).statusCode).toBe(200);
    expect(lookups).toBe(1);
  });

  test("tries the next address when the first refuses connections", async () => {
    const port = await listen(answering());
    const resolve = async () => [
      { address: "127.0.0.2", family: 4 },
      { address: "127.0.0.1", family: 4 },
    ];
    expect((await get(`http://two.example:${port}/`, { resolve })).statusCode).toBe(200);
  });

  test("never follows a redirect", async () => {
    let hits = 0;
    const port = await listen(
      createServer((_request, response) => {
        hits += 1;
        response.writeHead(302, { location: "/elsewhere" }).end();
      }),
    );
    expect((await get(`http://127.0.0.1:${port}/`)).statusCode).toBe(302);
    expect(hits).toBe(1);
  });
});

describe("failures", () => {
  test("a name that does not resolve fails at dns", async () => {
    expect(await failureOf("http://nothing.invalid/")).toMatchObject({ stage: "dns", code: "dns_failed" });
    expect(await failureOf("http://empty.example/", { resolve: async () => [] })).toMatchObject({
      stage: "dns",
      code: "dns_failed",
    });
  });

  test("a resolver that does not answer fails at dns, within the connect timeout", async () => {
    const resolve = () => new Promise<never>(() => {});
    expect(await failureOf("http://slow.example/", { resolve, connectTimeoutMs: 100 })).toMatchObject({
      stage: "dns",
      code: "timeout",
    });
  });

  test("a closed port fails at connect", async () => {
    const server = answering();
    const port = await listen(server);
    server.close();
    await once(server, "close");
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({ stage: "connect", code: "connection_refused" });
    expect(await failureOf(`http://localhost:${port}/`)).toMatchObject({ stage: "connect", code: "connection_refused" });
  });

  test("a self-signed certificate fails at tls", async () => {
    const port = await listen(
      createTlsServer({ key: selfSignedKey, cert: selfSignedCertificate }, (_request, response) => response.end()),
    );
    expect(await failureOf(`https://127.0.0.1:${port}/`)).toMatchObject({ stage: "tls", code: "certificate_invalid" });
    expect(await failureOf(`https://localhost:${port}/`)).toMatchObject({ stage: "tls", code: "certificate_invalid" });
  });

  test("https to a plain HTTP port fails at tls", async () => {
    const port = await listen(answering());
    expect(await failureOf(`https://127.0.0.1:${port}/`)).toMatchObject({ stage: "tls", code: "tls_error" });
  });

  test("a handshake that is cut off, or never answered, fails at tls", async () => {
    const cutting = await listen(createTcpServer((socket) => socket.once("data", () => socket.destroy())));
    expect(await failureOf(`https://127.0.0.1:${cutting}/`)).toMatchObject({ stage: "tls", code: "tls_error" });
    const silent = await listen(createTcpServer());
    expect(await failureOf(`https://localhost:${silent}/`, { connectTimeoutMs: 2000 })).toMatchObject({
      stage: "tls",
      code: "timeout",
    });
  });

  test("a connection that breaks before the answer fails at http", async () => {
    const port = await listen(createTcpServer((socket) => socket.once("data", () => socket.destroy())));
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({ stage: "http", code: "connection_reset" });
  });

  test("an answer that is not HTTP fails at http", async () => {
    const port = await listen(createTcpServer((socket) => socket.once("data", () => socket.end("SSH-2.0-OpenSSH\r\n"))));
    expect(await failureOf(`http://127.0.0.1:${port}/`)).toMatchObject({ stage: "http", code: "invalid_response" });
  });

  test("no message repeats the text of the error", () => {
    const error = Object.assign(new Error("failed for sk-canary at http://internal/"), { code: "EWHATEVER" });
    expect(classifyFailure(error)).toEqual({ stage: "http", code: "connection_failed", message: "The connection failed." });
    expect(
      classifyFailure(new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNREFUSED" }) })),
    ).toMatchObject({
      code: "connection_refused",
    });
    expect(classifyFailure(null).code).toBe("connection_failed");
  });
});
