// Ports that tests need by number.
import { createServer } from "node:net";
import { eventually } from "../../support/eventually.ts";
import { listenOnOwnPort } from "../../support/own-port.ts";

/** Resolves when nobody listens on `port` of this machine; another test that needs it is given time to end. Throws with the reason. */
export async function waitForPort(port: number): Promise<void> {
  // `localhost` may be either
  const isFree = async () => (await canListen(port, "127.0.0.1")) && (await canListen(port, "::1"));
  await eventually(isFree, {
    timeoutMs: 40_000,
    everyMs: 200,
    what: `port ${port} of this machine is taken by another program; that it is freed`,
  });
}

/** A port of 127.0.0.1 that is free, and that nobody else takes. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnOwnPort(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An address that this machine does not have is nobody's. */
function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "EADDRINUSE"));
    server.listen(port, host, () => server.close(() => resolve(true)));
  });
}
