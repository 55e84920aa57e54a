// Headgate as a user runs it: `headgate start`, SQLite, a key, the ledger, metrics, the log at its default level.
import { mkdirSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { resolve } from "node:path";
import { benchModel } from "../load/answers.mjs";
import { processTree } from "../measure/process-usage.mjs";
import { proxyCore } from "../setup/cores.mjs";
import { startProcess } from "../setup/start-process.mjs";
import { subject } from "./subject.mjs";

export const adminToken = "bench-admin-token-0123456789abcdef";
const ledgerTimeoutMs = 60_000;
/** How often the event loop is looked at: what `nodejs_eventloop_lag_*` shows when nothing was late. */
const lagResolutionMs = 10;

/** The build that is measured has no worker processes. */
export class NoWorkers extends Error {}

/**
 * @param {import("./subject.mjs").Surroundings} surroundings
 * @returns {Promise<import("./subject.mjs").Subject>} throws NoWorkers where `workers` were asked for and none are there
 */
export async function startHeadgate(surroundings) {
  const { dir, workers = 0, name = "headgate", title = "**Headgate**", model = benchModel, hasHistory = false } = surroundings;
  mkdirSync(dir, { recursive: true });
  const started = await startWith({ workers, ...surroundings.moreServer }, surroundings);
  const headgate = subject({
    name,
    title,
    ...started,
    workers,
    hasHistory,
    eventLoopDelay: () => worstEventLoopDelay(headgate),
    settled: () => untilLedgerHas(headgate, headgate.answered),
  });
  try {
    if (workers > 0 && processTree(headgate.pid).length < 2 + workers)
      throw new NoWorkers(`${name}: this build has no worker processes`);
    await untilModelIsThere(headgate, model);
    await setPrice(headgate, model);
  } catch (error) {
    await headgate.stop();
    throw error;
  }
  return headgate;
}

/** Older builds don't know every setting: one that they refuse is left out. */
async function startWith(server, surroundings) {
  const {
    providerPort,
    dir,
    headgatePath,
    nodeOptions,
    profileDir,
    moreKeys = [],
    moreVariables = {},
    limits,
    model = benchModel,
  } = surroundings;
  const { key } = subject({});
  const configPath = `${dir}/headgate.yaml`;
  // JSON is YAML too
  writeFileSync(
    configPath,
    JSON.stringify({
      server: { host: "127.0.0.1", port: 0, ...server },
      endpoints: [{ name: "provider", url: `http://127.0.0.1:${providerPort}/v1`, api_key: "bench-provider-key-0123456789" }],
      keys: [key, ...moreKeys].map((each, index) => ({ name: `bench-${index}`, key: each, models: [model], limits })),
    }),
  );
  const profiling = profileDir === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profileDir}`];
  const args = [resolve(headgatePath), "start", "--config", configPath, "--data-dir", `${dir}/data`];
  try {
    return await startProcess({
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
  } catch (error) {
    const refused = Object.keys(server).find((setting) => error.message.includes(`server.${setting}`));
    if (refused === undefined) throw error;
    const { [refused]: _, ...others } = server;
    return startWith(others, surroundings);
  }
}

/**
 * The same with a key that is held to a rate and a budget, none of which the load comes near: what the asking costs.
 * @param {import("./subject.mjs").Surroundings} surroundings
 */
export async function startLimitedHeadgate(surroundings) {
  const limits = { requests_per_minute: 1_000_000, budget_usd: 1_000_000, budget_period: "month" };
  return startHeadgate({ title: "Headgate, limits", name: "limited", ...surroundings, limits });
}

/** Every call has a cost, as almost every model's has: what the limited one has more is its limits alone. */
async function setPrice({ port }, model) {
  const response = await fetch(`http://127.0.0.1:${port}/admin/api/v1/prices/${model}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ input_usd_per_million: 2.5, output_usd_per_million: 10, cached_input_usd_per_million: 1.25 }),
  });
  if (response.status !== 200) throw new Error(`PUT /prices: ${response.status} ${await response.text()}`);
}

/** The first synchronisation runs beside the start; each worker hears of it for itself. */
async function untilModelIsThere({ port, key, workers }, model) {
  const deadline = Date.now() + 30_000;
  let inTurn = 0;
  while (inTurn < 1 + 4 * workers) {
    const text = await getOnce(port, "/v1/models", key);
    inTurn = text.includes(`"${model}"`) ? inTurn + 1 : 0;
    if (inTurn > 0) continue;
    if (Date.now() > deadline) throw new Error(`Headgate doesn't have the model: ${text.slice(0, 500)}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}

/** On a connection of its own, which some worker gets. */
function getOnce(port, path, key) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` };
    const sent = request({ host: "127.0.0.1", port, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => {
        text += part;
      });
      answer.on("end", () => resolve(text)).on("error", reject);
    });
    sent.on("error", reject).end();
  });
}

async function worstEventLoopDelay({ port }) {
  const text = await getOnce(port, "/metrics", adminToken);
  const values = [...text.matchAll(/^nodejs_eventloop_lag_p99_seconds(?:\{.*\})? (.+)$/gm)].map(([, value]) => Number(value));
  const seen = values.filter((value) => !Number.isNaN(value));
  return seen.length === 0 ? null : Math.max(0, Math.max(...seen) * 1000 - lagResolutionMs);
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

/** @param {{ port: number, hasHistory?: boolean }} headgate `hasHistory`: its ledger may have calls of other models */
export async function ledgerSums({ port, hasHistory = false }) {
  const from = new Date(Date.now() - 86_400_000).toISOString();
  const grouped = hasHistory ? "" : "&group_by=model";
  const response = await fetch(`http://127.0.0.1:${port}/admin/api/v1/usage?from=${from}${grouped}`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  if (response.status !== 200) throw new Error(`GET /usage: ${response.status} ${await response.text()}`);
  const { data } = await response.json();
  if (data.length > 1) throw new Error(`the ledger has calls of other models: ${JSON.stringify(data)}`);
  return data[0] ?? { requests: 0 };
}
