// Ports of the tests' own: a server that goes for a while, as in an outage, finds its port free when it comes back.
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below what a system gives to whoever asks for any port (Linux: from 32768), which other tests do many times a second. */
const lowestPort = 12_000;
const portsPerWorker = 4000;

const worker = Number(process.env.VITEST_POOL_ID ?? 0) % 5;
/** Another start in each process: two runs on one machine seldom meet. */
let next = process.pid;

/** Listens on a port of 127.0.0.1 that nobody else takes while this process lives, whether something listens there or not. */
export async function listenOnOwnPort(server: Server): Promise<number> {
  for (;;) {
    const port = lowestPort + worker * portsPerWorker + (next++ % portsPerWorker);
    try {
      server.listen(port, "127.0.0.1");
      await once(server, "listening");
      return port;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    }
  }
}

/** The same for a program that has to be told its port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnOwnPort(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}
