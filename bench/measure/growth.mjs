// Whether calls get slower with what is there: keys, models, a ledger full of requests.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Connection } from "../load/connection.mjs";
import { paced } from "../load/paced.mjs";
import { completionRequest } from "../load/requests.mjs";
import { percentile } from "../report/statistics.mjs";
import { fillConsole } from "../setup/fill-console.mjs";
import { adminToken, ledgerSums, NoWorkers, startHeadgate } from "../subjects/headgate.mjs";
import { memoryOf } from "./process-usage.mjs";
import { measureClosedLoop } from "./throughput.mjs";

const small = { keys: 10, models: 1, requestsPerHour: 10 };
const sizes = {
  small: { title: "10 keys, 1 model, 10 requests/hour", ...small },
  keys: { title: "10,000 keys", ...small, keys: 10_000 },
  models: { title: "1,000 models", ...small, models: 1000 },
  both: { title: "10,000 keys, 1,000 models", ...small, keys: 10_000, models: 1000 },
  history: { title: "100,000 requests/hour", ...small, requestsPerHour: 100_000 },
};
const keyOf = (index) => `sk-bench-growth-${String(index).padStart(8, "0")}`;

/**
 * All sizes side by side, each a Headgate with a database of its own, in turns.
 * @param {object} plan
 * @param {import("../subjects/subject.mjs").Surroundings} surroundings
 * @param {(text: string) => void} say
 * @returns {Promise<{ sizes: object[], newKey: object | null }>}
 */
export async function measureGrowth(plan, surroundings, say) {
  const running = [];
  const results = [];
  try {
    for (const [name, size] of Object.entries(sizes)) {
      say(`growth: filling, ${size.title}`);
      const grown = await startGrown(name, size, plan, surroundings);
      running.push(grown);
      results.push({ name, title: size.title, throughput: [], memory: null });
      await measureClosedLoop(grown.subject, { ...grown.load, seconds: plan.warmUpSeconds });
    }
    for (let round = 0; round < plan.rounds; round++) {
      say(`growth, round ${round + 1} of ${plan.rounds}`);
      const order = [...running.keys()];
      if (round % 2 === 1) order.reverse();
      for (const index of order) {
        const { subject, load } = running[index];
        results[index].throughput.push(await measureClosedLoop(subject, { ...load, seconds: plan.throughputSeconds }));
      }
    }
    for (const [index, { subject }] of running.entries()) results[index].memory = memoryOf(subject.pid);
  } finally {
    await Promise.all(running.map(({ subject }) => subject.stop()));
  }
  return { sizes: results, newKey: await measureNewKeys(plan, { ...surroundings, dir: dirOf("both", surroundings) }, say) };
}

const dirOf = (name, { dir }) => join(dir, `growth-${name}`);

async function startGrown(name, { keys, models, requestsPerHour }, plan, surroundings) {
  const dir = dirOf(name, surroundings);
  const hours = plan.historyHours;
  const size = { keys, models, users: Math.max(10, keys / 10), groups: 10, requests: requestsPerHour * hours, days: hours / 24 };
  const url = `http://127.0.0.1:${surroundings.providerPort}/v1`;
  const location = { databaseUrl: null, dataDir: join(dir, "data") };
  mkdirSync(location.dataDir, { recursive: true });
  const known = await fillConsole(plan.headgatePath, location, size, () => {}, { url, keyOf });
  const subject = await startHeadgate({ ...surroundings, dir, name: `growth-${name}`, hasHistory: true });
  // counted from what is there already
  subject.answered = (await ledgerSums(subject)).requests;
  const requests = Array.from({ length: Math.max(keys, models) }, (_, index) =>
    completionRequest({ ...subject, key: keyOf(index % keys), model: known.modelNames[index % known.modelNames.length] }),
  );
  return { subject, load: { connections: plan.connections, requests } };
}

/**
 * How long after the answer to its creation a key is known to every worker, and what other callers notice: with 10,000 keys, 1,000 models
 * and two workers, or one process where the build has none.
 * @returns {Promise<{ effectMs: number[], quietP99Ms: number, addingP99Ms: number, workers: number }>}
 */
async function measureNewKeys(plan, surroundings, say) {
  say("growth: new keys under load");
  const headgate = await startWithWorkers({ ...surroundings, name: "growth-new-keys", hasHistory: true });
  const pace = { perSecond: plan.pacedPerSecond, seconds: plan.newKeys / 2 };
  const open = [];
  try {
    await paced(headgate, pace);
    const quiet = await paced(headgate, pace);
    // round robin: each worker has some of them
    for (let index = 0; index < 4 * Math.max(1, headgate.workers); index++)
      open.push(await Connection.open({ port: headgate.port, isForeign: true }, () => {}));
    const effectMs = [];
    const adding = paced(headgate, pace);
    adding.catch(() => {});
    for (let index = 0; index < plan.newKeys; index++) {
      effectMs.push(await timeNewKey(headgate, open, `added-${index}`));
      await new Promise((wake) => setTimeout(wake, 300));
    }
    const noticed = await adding;
    const p99 = (latencies) => percentile(latencies, 0.99);
    return { effectMs, quietP99Ms: p99(quiet), addingP99Ms: p99(noticed), workers: headgate.workers };
  } finally {
    for (const connection of open) connection.close();
    await headgate.stop();
  }
}

async function startWithWorkers(surroundings) {
  try {
    return await startHeadgate({ ...surroundings, workers: 2 });
  } catch (error) {
    if (!(error instanceof NoWorkers)) throw error;
    return startHeadgate(surroundings);
  }
}

/** Creates a key, and calls with it on every connection until each has been answered: ms from the key's creation to the last. */
async function timeNewKey(headgate, open, name) {
  const response = await fetch(`http://127.0.0.1:${headgate.port}/admin/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name, scopes: ["inference"] }),
  });
  if (response.status !== 201) throw new Error(`POST /keys: ${response.status} ${await response.text()}`);
  const { key } = await response.json();
  const createdAt = performance.now();
  const request = completionRequest({ ...headgate, key });
  const untilRight = async (connection) => {
    for (;;) {
      const { failures } = connection;
      await new Promise((answered) => connection.send(request, null, answered));
      if (connection.failures === failures) break;
      if (performance.now() - createdAt > 10_000) throw new Error("a new key was not known after 10 s");
      await new Promise((wake) => setTimeout(wake, 2));
    }
    headgate.answered++;
  };
  await Promise.all(open.map(untilRight));
  return performance.now() - createdAt;
}
