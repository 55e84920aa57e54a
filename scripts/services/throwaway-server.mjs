// What servers that are started for a test run have in common: a free port, and waiting until they say that they are ready.
import { createServer } from "node:net";

export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
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
