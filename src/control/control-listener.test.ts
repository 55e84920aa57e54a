// Control's socket file: it is there again after a crash, says who calls only by a worker's word, and keeps its connections.
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { remoteAddressOf } from "../core/remote-address.ts";
import { ControlListener } from "./control-listener.ts";

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "headgate-control-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function start(path: string, handle: Handle): Promise<ControlListener> {
  const listener = await ControlListener.listen({ path, sideHandlers: [{ owns: (target) => target !== "/nobodys", handle }] });
  onTestFinished(() => listener.close());
  return listener;
}

async function ask(socketPath: string, path: string, headers: Record<string, string> = {}, agent = new Agent()) {
  const asked = request({ socketPath, path, headers, agent }).end();
  const [answer] = (await once(asked, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk;
  return { status: answer.statusCode, text, reused: asked.reusedSocket };
}

test("a socket file that a crash has left is replaced", async () => {
  const path = join(await folder(), "http.sock");
  await writeFile(path, "");
  await start(path, (_req, res) => void res.end("here"));
  expect((await ask(path, "/")).text).toBe("here");
});

test("each request has the address that came with it, also on one connection, and none without", async () => {
  const path = join(await folder(), "http.sock");
  await start(path, (req, res) => void res.end(`${remoteAddressOf(req)} ${req.headers["x-headgate-worker-peer"]}`));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const from = (address: string) => ask(path, "/", { "x-headgate-worker-peer": address }, agent);
  expect(await from("192.0.2.1")).toEqual({ status: 200, text: "192.0.2.1 undefined", reused: false });
  expect(await from("2001:db8::1")).toEqual({ status: 200, text: "2001:db8::1 undefined", reused: true });
  expect(await ask(path, "/", {}, agent)).toEqual({ status: 200, text: " undefined", reused: true });
});

test("a handler that would close the caller's connection does not close the worker's", async () => {
  const path = join(await folder(), "http.sock");
  await start(path, (req, res) => {
    res.setHeader("connection", "close");
    if (req.url === "/b") res.writeHead(200, "OK", { Connection: "close" });
    else res.writeHead(200, { connection: "close", "content-length": 4 });
    res.end("done");
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const answers = [await ask(path, "/a", {}, agent), await ask(path, "/b", {}, agent), await ask(path, "/a", {}, agent)];
  expect(answers.map(({ text, reused }) => [text, reused])).toEqual([
    ["done", false],
    ["done", true],
    ["done", true],
  ]);
});

test("what nobody owns is not there", async () => {
  const path = join(await folder(), "http.sock");
  await start(path, (_req, res) => void res.end("here"));
  expect((await ask(path, "/nobodys")).status).toBe(404);
});
