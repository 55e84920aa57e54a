// `npm test`: installs and builds what is missing, brings up the real services that the tests need, runs vitest.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { prepare } from "./lib/prepare.mjs";
import { say } from "./lib/project.mjs";
import { runChild } from "./lib/run-child.mjs";
import { exitCodeOf, stopSignals } from "./lib/stop-signals.mjs";
import { installChromium } from "./services/chromium.mjs";
import { installPostgres, startPostgres } from "./services/postgres.mjs";
import { installRedis, startRedis } from "./services/redis.mjs";

/**
 * What the tests need beside Node.js. `install` finds the program or installs it, or throws an error that says what is
 * missing and what to do; `version` tells the one it found; `start` runs a throwaway instance: its `url`, `port`, `destroy()`.
 * The tests find its URL in `variable`, or the path of a program that they start themselves.
 */
const services = [
  {
    name: "PostgreSQL",
    variable: "HEADGATE_TEST_POSTGRES_URL",
    install: installPostgres,
    version: (binDir) => execFileSync(join(binDir, "postgres"), ["--version"], { encoding: "utf8" }).trim(),
    start: startPostgres,
  },
  {
    name: "Redis",
    variable: "HEADGATE_TEST_REDIS_URL",
    install: installRedis,
    version: (program) => execFileSync(program, ["--version"], { encoding: "utf8" }).trim(),
    start: startRedis,
  },
  {
    name: "Chromium",
    variable: "HEADGATE_TEST_CHROMIUM",
    install: installChromium,
    version: (program) => execFileSync(program, ["--version"], { encoding: "utf8" }).trim(),
  },
];

prepare();
let interruptedBy = null;
for (const signal of stopSignals) {
  process.on(signal, () => {
    interruptedBy ??= signal;
  });
}

const env = { ...process.env };
const instances = [];
try {
  process.exitCode = await bringUpAndTest();
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  for (const instance of instances) await instance.destroy();
}
if (interruptedBy !== null) process.exitCode ||= exitCodeOf(interruptedBy);

async function bringUpAndTest() {
  say(`testing with Node.js ${process.versions.node}`);
  for (const service of services) {
    if (interruptedBy === null) await bringUp(service);
  }
  if (interruptedBy !== null) return exitCodeOf(interruptedBy);
  return runChild(["node_modules/vitest/vitest.mjs", "run", ...process.argv.slice(2)], { env });
}

async function bringUp({ name, variable, install, version, start }) {
  if (env[variable]) return say(`testing with the ${name} of ${variable}`);
  const found = await install({ log: say });
  if (start === undefined) {
    env[variable] = found;
    return say(`testing with ${version(found)}`);
  }
  const instance = await start();
  instances.push(instance);
  env[variable] = instance.url;
  say(`testing with ${version(found)}, port ${instance.port}`);
}
