// Two processes that share a port through node:cluster, each with Headgate's listener from compiled/. A line on standard input replaces them.
import cluster from "node:cluster";
import { createInterface } from "node:readline";

if (cluster.isPrimary) {
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const [first] = await Promise.all([fork(), fork()]);
  process.stdout.write(`port ${first.port}\n`);
  for await (const _line of createInterface({ input: process.stdin })) {
    for (const worker of Object.values(cluster.workers)) {
      await fork();
      worker.send("retire");
      const [code] = await new Promise((resolve) => worker.once("exit", (...how) => resolve(how)));
      process.stdout.write(`replaced ${code}\n`);
    }
  }
  for (const worker of Object.values(cluster.workers)) worker.kill();
  process.exit(0);
}

const { Listener } = await import("../../../compiled/gateway/listener.js");
const { TurnQueue } = await import("../../../compiled/gateway/load/turn-queue.js");
const gateway = {
  // Late enough that some are under way at any time.
  handle: (_req, res) => void setTimeout(() => res.end(String(process.pid)), 5),
  bodyTimedOut: () => false,
  turns: new TurnQueue(),
};
// All say the same: by that they are known to share it.
const options = { host: "127.0.0.1", port: 0, gateway, sideHandlers: [], corsOrigins: [], requestTimeoutMs: 5000 };
const listener = new Listener(options);
process.send({ port: await listener.listen() });
process.on("message", async () => {
  await listener.close(false);
  process.disconnect();
});

function fork() {
  const worker = cluster.fork();
  return new Promise((resolve) => worker.once("message", resolve));
}
