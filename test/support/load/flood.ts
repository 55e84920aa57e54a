// Callers who ask again as soon as they are answered, whatever the answer says, each on a connection that is kept.
import { connect, type Socket } from "node:net";

export interface Flood {
  /** Answers by status so far. */
  readonly answers: Map<number, number>;
  /** Connections that ended. */
  broken: number;
  /** The longest that anybody waited, ms. */
  longestMs: number;
  /** Waits until everybody has their last answer; closes all connections. Rejects after `timeoutMs`. */
  stop(timeoutMs?: number): Promise<void>;
}

/** Resolves when all of the callers are connected and have asked. `request`: a whole one, as bytes. */
export async function flood(url: string, callers: number, request: Buffer): Promise<Flood> {
  const { hostname, port } = new URL(url);
  let isStopping = false;
  let waiting = 0;
  const sockets: Socket[] = [];
  const result: Flood = {
    answers: new Map(),
    broken: 0,
    longestMs: 0,
    async stop(timeoutMs = 20_000) {
      isStopping = true;
      const deadlineMs = Date.now() + timeoutMs;
      while (waiting > 0) {
        if (Date.now() > deadlineMs) throw new Error(`${waiting} callers are still not answered`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      for (const socket of sockets) socket.destroy();
    },
  };

  const call = (socket: Socket) => {
    let held = "";
    let sentAtMs = 0;
    const ask = () => {
      waiting++;
      sentAtMs = performance.now();
      socket.write(request);
    };
    socket.on("data", (data) => {
      held += data.toString("latin1");
      const headEnd = held.indexOf("\r\n\r\n");
      if (headEnd < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(held.slice(0, headEnd))?.[1]);
      if (held.length < headEnd + 4 + length) return;
      const status = Number(held.slice(9, 12));
      held = "";
      waiting--;
      result.answers.set(status, (result.answers.get(status) ?? 0) + 1);
      result.longestMs = Math.max(result.longestMs, performance.now() - sentAtMs);
      if (!isStopping) ask();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (sentAtMs > 0 && !isStopping) result.broken++;
    });
    ask();
  };

  await Promise.all(
    Array.from({ length: callers }, async () => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      sockets.push(socket);
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
      });
    }),
  );
  for (const socket of sockets) call(socket);
  return result;
}
