// Headgate as a user runs it: `headgate start`, SQLite, a key, the ledger, metrics, the log at its default level.
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { benchModel } from "../load/answers.mjs";
import { proxyCore } from "../setup/cores.mjs";
import { startProcess } from "../setup/start-process.mjs";
import { subject } from "./subject.mjs";

export const adminToken = "bench-admin-token-0123456789abcdef";

/** @param {import("./subject.mjs").Surroundings} surroundings */
export async function startHeadgate({ providerPort, dir, headgatePath, profileDir }) {
  const configPath = `${dir}/headgate.yaml`;
  const { key } = subject({});
  mkdirSync(dir, { recursive: true });
  // JSON is YAML too
  writeFileSync(
    configPath,
    JSON.stringify({
      server: { host: "127.0.0.1", port: 0 },
      endpoints: [{ name: "provider", url: `http://127.0.0.1:${providerPort}/v1`, api_key: "bench-provider-key-0123456789" }],
      keys: [{ name: "bench", key, models: [benchModel] }],
    }),
  );
  const profiling = profileDir === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
  const args = [resolve(headgatePath), "start", "--config", configPath, "--data-dir", `${dir}/data`];
  const started = await startProcess({
    name: "Headgate",
    command: [process.execPath, ...profiling, ...args],
    core: proxyCore,
    logPath: `${dir}/headgate.log`,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, HEADGATE_ADMIN_TOKEN: adminToken },
  });
  const headgate = subject({ name: "headgate", title: "**Headgate**", ...started });
  await untilModelIsThere(headgate);
  return headgate;
}

/** The first synchronisation runs beside the start. */
async function untilModelIsThere({ port, key }) {
  const deadline = Date.now() + 15_000;
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
    const text = await response.text();
    if (text.includes(`"${benchModel}"`)) return;
    if (Date.now() > deadline) throw new Error(`Headgate doesn't have the model: ${response.status} ${text}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
