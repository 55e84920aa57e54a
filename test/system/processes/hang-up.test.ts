// SIGHUP is a request to replace workers, unless it is how one hears that the terminal is gone.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import { createHome, type Home, startHeadgateProcess } from "../../support/headgate-process.ts";

const program = fileURLToPath(new URL("../../../dist/main.js", import.meta.url));
/** Of util-linux: runs a command on a terminal of its own. */
const onTerminal = "/usr/bin/script";

let home: Home;
beforeEach(async () => {
  const created = await createHome();
  home = created;
  // The first to be registered is the last to run: nothing writes there any more.
  onTestFinished(() => created.remove());
});

test("one process that does all says that it has nobody to replace, and goes on", async () => {
  const headgate = await startHeadgateProcess({ home, env: { HEADGATE_WORKERS: "0" } });
  onTestFinished(async () => void (await headgate.kill("SIGTERM")));
  headgate.signal("SIGHUP");
  await eventually(() => headgate.stderr.includes("there are no workers to replace"));
  expect((await headgate.readiness()).status).toBe(200);
});

test.skipIf(!existsSync(onTerminal)).each(["0", "2"])(
  "with the terminal that it was started on it ends, with %s workers",
  async (workers) => {
    const command = `exec ${process.execPath} ${program} start --port 0 --data-dir ${home.dataDir}`;
    const env = { PATH: process.env.PATH, HEADGATE_WORKERS: workers };
    const terminal = spawn(onTerminal, ["-qfec", command, "/dev/null"], {
      cwd: home.path,
      env,
      stdio: ["pipe", "pipe", "ignore"],
    });
    onTestFinished(() => void terminal.kill("SIGKILL"));
    let said = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    const url = await eventually(() => /is ready at (http:\S+)\s/.exec(said)?.[1], { timeoutMs: 20_000 });
    const isThere = () =>
      fetch(`${url}/livez`, { signal: AbortSignal.timeout(1000) }).then(
        () => true,
        () => false,
      );
    await eventually(isThere, { what: "an answer" });
    terminal.kill("SIGKILL");
    await eventually(() => !isRunning(home.dataDir), { timeoutMs: 15_000, what: "its end" });
    await eventually(async () => !(await isThere()), { timeoutMs: 15_000, what: "its workers' end" });
  },
  60_000,
);

/** Whether a process has this among its arguments. */
function isRunning(argument: string): boolean {
  return readdirSync("/proc").some((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").includes(argument);
    } catch {
      // It has just ended.
      return false;
    }
  });
}
