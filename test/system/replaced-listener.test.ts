// Processes that share a port are replaced one after the other, and no caller notices.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";

const script = fileURLToPath(new URL("../support/cluster/listening-workers.mjs", import.meta.url));

/** The answer's body. */
async function ask(port: number, agent: Agent | false): Promise<string> {
  const request = get({ host: "127.0.0.1", port, agent });
  const [response] = await once(request, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return text;
}

test("while listeners are replaced, no connection is refused and no request fails, kept alive or not", async () => {
  const program = spawn(process.execPath, [script], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void program.kill());
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  const port = Number(/^port (\d+)$/.exec(await next())?.[1]);

  let isOver = false;
  let asked = 0;
  const processes = new Set<string>();
  const failures: unknown[] = [];
  const agent = new Agent({ keepAlive: true });
  onTestFinished(() => agent.destroy());
  const callers = Array.from({ length: 8 }, async (_, i) => {
    while (!isOver) {
      await ask(port, i % 2 === 0 ? agent : false).then(
        (pid) => processes.add(pid),
        (error: unknown) => failures.push(error),
      );
      asked++;
    }
  });
  await eventually(() => processes.size === 2, { what: "an answer of both" });
  program.stdin.write("replace\n");
  expect([await next(), await next()]).toEqual(["replaced 0", "replaced 0"]);
  await eventually(() => processes.size === 4 && asked > 100, { what: () => `answers of four, ${asked} in all` });
  isOver = true;
  await Promise.all(callers);
  program.stdin.end();
  expect(failures).toEqual([]);
  expect(processes.size).toBe(4);
});
