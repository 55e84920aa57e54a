// What servers that are started for a test run have in common: a free port, and waiting until they say that they are ready.
import { createServer } from "node:net";

/** Below what a system gives to whoever asks for any port (Linux: from 32768): a server that is stopped for a while finds its own free again. */
const ports = { lowest: 10_000, count: 2000 };
let next = Math.floor(Math.random() * ports.count);

/** A port of 127.0.0.1 where nothing listens. */
export async function freePort() {
  for (;;) {
    const port = ports.lowest + (next++ % ports.count);
    const server = createServer();
    const isFree = await new Promise((resolve, reject) => {
      server.once("error", (error) => (error.code === "EADDRINUSE" ? resolve(false) : reject(error)));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Resolves when what the child says contains `sign`; all of it goes to `log`. Throws when it ends before, or takes too long. */
export function untilReady(child, { sign, log, readyTimeoutMs }) {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => reject(new Error(`not ready within ${readyTimeoutMs} ms: ${output}`)), readyTimeoutMs);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(new Error(`exited with ${code}: ${output}`));
    });
    let ready = false;
    const onText = (text) => {
      log(text);
      if (ready) return;
      output += text;
      if (!output.includes(sign)) return;
      ready = true;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.setEncoding("utf8").on("data", onText);
    child.stderr?.setEncoding("utf8").on("data", onText);
  });
}
