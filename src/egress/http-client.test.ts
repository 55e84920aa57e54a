// Questions to other servers, on real sockets: what bounds them, where they don't go, what is told of failures.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { classifyFailure } from "./failure.ts";
import { HttpClient, type Question } from "./http-client.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();
let client: HttpClient;

beforeEach(() => {
  client = new HttpClient({ allowPrivate: true });
});
afterEach(async () => {
  await client.close();
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  sockets.clear();
});

async function listen(server: Server): Promise<string> {
  servers.push(server);
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const serve = (handler: (request: IncomingMessage, response: ServerResponse) => void) => listen(createServer(handler));

const ask = (url: string, question: Partial<Question> = {}, from = client) =>
  from.ask({ method: "GET", url, timeoutMs: 5000, bytesMax: 1000, ...question });

async function failureOf(answer: Promise<unknown>) {
  const error: unknown = await answer.then(
    () => {
      throw new Error("the question was answered");
    },
    (reason: unknown) => reason,
  );
  return classifyFailure(error);
}

describe("a question", () => {
  test("carries its method, path, query, headers and body, and brings status, headers and text back", async () => {
    const seen: unknown[] = [];
    const url = await serve((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        seen.push(request.method, request.url, request.headers["x-team"], body);
        response.writeHead(418, { "x-one": "1", "set-cookie": ["a=1", "b=2"] }).end("héllo");
      });
    });
    const reply = await ask(`${url}/a/b?c=d`, { method: "POST", headers: { "x-team": "research" }, body: "x=y" });
    expect(seen).toEqual(["POST", "/a/b?c=d", "research", "x=y"]);
    expect(reply).toMatchObject({ status: 418, text: "héllo", headers: { "x-one": "1", "set-cookie": "a=1" } });
  });

  test("leaves its connection open for the next ones", async () => {
    const url = await serve((_request, response) => response.end("ok"));
    for (let count = 0; count < 20; count++) expect((await ask(url)).text).toBe("ok");
    // one that comes in the very moment in which the last answer ends may take a second connection
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  test("takes a redirect for an answer like any other", async () => {
    let asked = 0;
    const elsewhere = await serve((_request, response) => {
      asked++;
      response.end("caught");
    });
    const url = await serve((_request, response) => response.writeHead(302, { location: elsewhere }).end());
    expect(await ask(url)).toMatchObject({ status: 302, headers: { location: elsewhere } });
    expect(asked).toBe(0);
  });
});

describe("the time limit covers", () => {
  test("a server that does not answer", async () => {
    const url = await serve(() => {});
    // Long enough to connect in it.
    expect(await failureOf(ask(url, { timeoutMs: 1500 }))).toMatchObject({ stage: "http", code: "timeout" });
  });

  test("a connection that is accepted and never spoken on", async () => {
    const url = await listen(createTcpServer(() => {}));
    expect(await failureOf(ask(url, { timeoutMs: 100 }))).toMatchObject({ code: "timeout" });
  });

  test("a body that trickles", async () => {
    const url = await serve((_request, response) => {
      const drip = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(drip));
    });
    // Else it goes on until it is too long.
    expect(await failureOf(ask(url, { timeoutMs: 200 }))).toMatchObject({ code: "timeout" });
  });

  test("a name that is never resolved", async () => {
    const waiting = new HttpClient({ allowPrivate: true, resolve: () => new Promise(() => {}) });
    expect(await failureOf(ask("http://somewhere.example/", { timeoutMs: 100 }, waiting))).toMatchObject({ code: "timeout" });
    await waiting.close();
  });
});

test("an answer that is too long fails, whether or not its length was announced", async () => {
  const announced = await serve((_request, response) => response.end("x".repeat(1001)));
  const chunked = await serve((_request, response) => {
    for (let count = 0; count < 11; count++) response.write("x".repeat(100));
    response.end();
  });
  const fits = await serve((_request, response) => response.end("x".repeat(1000)));
  expect(await failureOf(ask(announced))).toMatchObject({ code: "response_too_large" });
  expect(await failureOf(ask(chunked))).toMatchObject({ code: "response_too_large" });
  expect((await ask(fits)).text).toHaveLength(1000);
});

test("an answer that is cut off fails", async () => {
  const url = await serve((_request, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  expect((await failureOf(ask(url))).stage).toBe("http");
});

describe("addresses", () => {
  test.each(["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "http://100.100.100.200/"])(
    "%s is refused",
    async (url) => {
      expect(await failureOf(ask(url))).toMatchObject({ stage: "connect", code: "egress_refused" });
    },
  );

  test("a name that leads to the metadata service is refused", async () => {
    const misled = new HttpClient({ allowPrivate: true, resolve: async () => [{ address: "169.254.169.254", family: 4 }] });
    expect(await failureOf(ask("http://status.example/", {}, misled))).toMatchObject({ code: "egress_refused" });
    await misled.close();
  });

  test("private ones are only for servers that an administrator named", async () => {
    const url = await serve((_request, response) => response.end("ok"));
    const strict = new HttpClient({ allowPrivate: false });
    expect((await ask(url)).text).toBe("ok");
    expect(await failureOf(ask(url, {}, strict))).toMatchObject({ code: "egress_refused" });
    await strict.close();
  });
});

test("nobody listening is a failure of the connection, in words that name no host", async () => {
  const url = await serve(() => {});
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  const failure = await failureOf(ask(url));
  expect(failure).toMatchObject({ stage: "connect", code: "connection_refused" });
  expect(failure.message).not.toContain("127.0.0.1");
});

test("a question can be given up", async () => {
  const url = await serve(() => {});
  const controller = new AbortController();
  const answer = ask(url, { signal: controller.signal });
  controller.abort();
  expect(await failureOf(answer)).toMatchObject({ code: "aborted" });
  expect(await failureOf(ask(url, { signal: controller.signal }))).toMatchObject({ code: "aborted" });
});
