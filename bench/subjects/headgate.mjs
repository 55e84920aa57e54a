// Headgate as a user runs it: `headgate start`, SQLite, a key, the ledger, metrics, the log at its default level.
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { benchModel } from "../load/answers.mjs";
import { proxyCore } from "../setup/cores.mjs";
import { startProcess } from "../setup/start-process.mjs";
import { subject } from "./subject.mjs";

export const adminToken = "bench-admin-token-0123456789abcdef";
const ledgerTimeoutMs = 60_000;

/** @param {import("./subject.mjs").Surroundings} surroundings */
export async function startHeadgate(surroundings) {
  const {
    providerPort,
    dir,
    headgatePath,
    nodeOptions,
    profileDir,
    moreKeys = [],
    moreServer = {},
    moreVariables = {},
  } = surroundings;
  const configPath = `${dir}/headgate.yaml`;
  const { key } = subject({});
  mkdirSync(dir, { recursive: true });
  // JSON is YAML too
  writeFileSync(
    configPath,
    JSON.stringify({
      server: { host: "127.0.0.1", port: 0, ...moreServer },
      endpoints: [{ name: "provider", url: `http://127.0.0.1:${providerPort}/v1`, api_key: "bench-provider-key-0123456789" }],
      keys: [key, ...moreKeys].map((each, index) => ({ name: `bench-${index}`, key: each, models: [benchModel] })),
    }),
  );
  const profiling = profileDir === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
  const args = [resolve(headgatePath), "start", "--config", configPath, "--data-dir", `${dir}/data`];
  const started = await startProcess({
    name: "Headgate",
    command: [process.execPath, ...profiling, ...args],
    core: proxyCore,
    logPath: `${dir}/headgate.log`,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      HEADGATE_ADMIN_TOKEN: adminToken,
      NODE_OPTIONS: nodeOptions,
      ...moreVariables,
    },
  });
  const headgate = subject({
    name: "headgate",
    title: "**Headgate**",
    ...started,
    settled: () => untilLedgerHas(headgate, headgate.answered),
  });
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

/**
 * Waits until the ledger has `requests`, so that the work of writing them counts in the measure that caused it.
 * @returns the ledger's sums (a row of GET /usage), also when the time for it is over
 */
export async function untilLedgerHas(headgate, requests) {
  const deadline = Date.now() + ledgerTimeoutMs;
  for (;;) {
    const row = await ledgerSums(headgate);
    if (row.requests >= requests || Date.now() > deadline) return row;
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

async function ledgerSums({ port }) {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const response = await fetch(`http://127.0.0.1:${port}/admin/api/v1/usage?from=${from}&group_by=model`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  if (response.status !== 200) throw new Error(`GET /usage: ${response.status} ${await response.text()}`);
  const { data } = await response.json();
  if (data.length > 1) throw new Error(`the ledger has calls of other models: ${JSON.stringify(data)}`);
  return data[0] ?? { requests: 0 };
}
