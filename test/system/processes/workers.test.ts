// Control and workers as processes of their own: what one process does, they do together, and what dies is replaced.
import { readdirSync, readFileSync } from "node:fs";
import { copyFile, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { callMany } from "../../support/caller.ts";
import { eventually } from "../../support/eventually.ts";
import {
  createHome,
  type HeadgateProcess,
  type Home,
  processAdminToken,
  startHeadgateProcess,
} from "../../support/headgate-process.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type Provider, startProvider } from "../../support/provider.ts";

/** Wins over what the file says. */
const twoWorkers = { HEADGATE_WORKERS: "2" };
let provider: Provider;
let home: Home;
let headgate: HeadgateProcess;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  provider.models = ["m"];
  home = await createHome();
  headgate = await startHeadgateProcess({ home, config: { server: { drain_timeout: "5s" } }, env: twoWorkers });
  const created = await headgate.admin("POST", "/endpoints", { name: "e", url: `${provider.url}/v1`, api_key: "provider-key" });
  expect(created.status).toBe(201);
}, 60_000);
afterEach(async () => {
  if (headgate.exit === null) await headgate.kill("SIGTERM");
  await home.remove();
}, 60_000);

/** By their role: the child processes of the one that was started. */
function children(): { control: number[]; workers: number[] } {
  const found = { control: [] as number[], workers: [] as number[] };
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, "utf8"))?.[1];
      if (Number(parent) !== headgate.pid) continue;
      const program = readFileSync(`/proc/${entry}/cmdline`, "utf8");
      if (program.includes("control-process")) found.control.push(Number(entry));
      if (program.includes("gateway-process")) found.workers.push(Number(entry));
    } catch {
      // It has just ended.
    }
  }
  return found;
}

async function createKey(body: Record<string, unknown> = {}): Promise<string> {
  const { status, body: created } = await headgate.admin("POST", "/keys", { name: "test", ...body });
  expect(status).toBe(201);
  return created.key;
}

/** On a connection of its own, so that any of the workers may get it; null: it was broken off. */
async function chat(key: string): Promise<number | null> {
  try {
    const answer = await fetch(`${headgate.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", connection: "close" },
      body: JSON.stringify({ model: "m", max_tokens: 5, messages: [{ role: "user", content: "hi" }] }),
    });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return null;
  }
}

async function metricsText(): Promise<string> {
  return await (await fetch(`${headgate.url}/metrics`, { headers: { authorization: `Bearer ${processAdminToken}` } })).text();
}

/** Whether control knows of both. A connection that is kept alive may be one to a worker that has just gone. */
async function bothServe(): Promise<boolean> {
  const text = await metricsText().catch(() => "");
  return text.includes('process="worker-1"') && text.includes('process="worker-2"');
}

/** Settled requests of all keys, as the ledger has them. */
async function ledgerRequests(): Promise<number> {
  const { body } = await headgate.admin("GET", "/usage?group_by=key");
  return body.data.reduce((sum: number, { requests }: { requests: number }) => sum + requests, 0);
}

test("both workers serve; a change is in force on all of them when it is answered; the ledger has every call", async () => {
  expect(children()).toMatchObject({ control: [expect.any(Number)], workers: [expect.any(Number), expect.any(Number)] });
  let calls = 0;
  for (let round = 0; round < 5; round++) {
    const key = await createKey();
    // Whoever of the two gets them.
    expect(new Set(await callMany(10, 10, () => chat(key)))).toEqual(new Set([200]));
    calls += 10;
    const { body } = await headgate.admin("GET", "/keys?limit=1000");
    const { id } = body.data.find(({ prefix }: { prefix: string }) => key.startsWith(prefix));
    expect((await headgate.admin("DELETE", `/keys/${id}`)).status).toBe(204);
    expect(new Set(await callMany(10, 10, () => chat(key)))).toEqual(new Set([401]));
  }
  await eventually(async () => (await ledgerRequests()) === calls, { timeoutMs: 10_000 });
  // Who does not say within a second what it has counted is left out.
  const text = await eventually(async () => {
    const found = await metricsText();
    return ["control", "worker-1", "worker-2"].every((name) => found.includes(`process="${name}"`)) && found;
  });
  const counted = [...text.matchAll(/^headgate_requests_total\{[^}]*model="m"[^}]*\} (\d+)$/gm)].map(([, count]) =>
    Number(count),
  );
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(calls);
});

test("a limit is one for all workers, and so is a budget", async () => {
  const key = await createKey({ limits: { requests_per_minute: 20 } });
  const statuses = await callMany(60, 10, () => chat(key));
  // Right after the start each is held to its share, until control knows all of them.
  const admitted = statuses.filter((status) => status === 200).length;
  expect(admitted).toBeGreaterThan(0);
  expect(admitted).toBeLessThanOrEqual(20);
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  // One call at a time: each is free for the next as soon as it is over, whichever worker that goes to.
  const alone = await createKey({ limits: { concurrent_requests: 1 } });
  for (let call = 0; call < 20; call++) expect(await chat(alone)).toBe(200);
});

test("a worker that is killed is replaced: only what it had under way fails, and the ledger is whole", async () => {
  const key = await createKey();
  let isOver = false;
  const statuses: (number | null)[] = [];
  const load = Promise.all(
    Array.from({ length: 8 }, async () => {
      while (!isOver) statuses.push(await chat(key));
    }),
  );
  for (let kill = 0; kill < 4; kill++) {
    const [victim] = children().workers;
    process.kill(victim as number, "SIGKILL");
    await eventually(() => !children().workers.includes(victim as number) && children().workers.length === 2, {
      timeoutMs: 20_000,
    });
    await eventually(bothServe, { timeoutMs: 20_000 });
    const before = statuses.length;
    await eventually(() => statuses.length > before + 50, { timeoutMs: 20_000 });
  }
  isOver = true;
  await load;
  const failed = statuses.filter((status) => status !== 200).length;
  expect(new Set(statuses.filter((status) => status !== null))).toEqual(new Set([200]));
  // Eight callers, four kills: no more than each had one call in a worker that died.
  expect(failed).toBeLessThanOrEqual(32);
  const answered = statuses.length - failed;
  await eventually(
    async () => {
      const { body } = await headgate.admin("GET", "/requests?limit=1000");
      return body.data.every(({ state }: { state: string }) => state !== "in_progress") && (await ledgerRequests()) >= answered;
    },
    { timeoutMs: 20_000 },
  );
  expect(provider.requests.filter(({ url }) => url.includes("chat")).length).toBeGreaterThanOrEqual(answered);
  expect(await ledgerRequests()).toBeLessThanOrEqual(statuses.length);
}, 120_000);

test("control that is killed is replaced: calls go on without a failure, and its work is taken up again", async () => {
  const key = await createKey({ limits: { requests_per_minute: 100_000 } });
  let isOver = false;
  const statuses: (number | null)[] = [];
  const load = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) statuses.push(await chat(key));
    }),
  );
  for (let kill = 0; kill < 3; kill++) {
    const [control] = children().control;
    process.kill(control as number, "SIGKILL");
    // A worker says so itself meanwhile.
    expect((await fetch(`${headgate.url}/livez`)).status).toBe(200);
    await eventually(() => children().control.some((pid) => pid !== control), { timeoutMs: 20_000 });
    await eventually(async () => (await headgate.admin("GET", "/keys")).status === 200, { timeoutMs: 30_000 });
  }
  isOver = true;
  await load;
  expect(new Set(statuses)).toEqual(new Set([200]));
  await eventually(async () => (await ledgerRequests()) === statuses.length, { timeoutMs: 20_000 });
  const later = await createKey();
  expect(new Set(await callMany(10, 5, () => chat(later)))).toEqual(new Set([200]));
}, 120_000);

test("SIGHUP replaces the workers one by one: nobody is refused, and no call fails", async () => {
  const key = await createKey();
  const before = children().workers;
  let isOver = false;
  const statuses: (number | null)[] = [];
  const load = Promise.all(
    Array.from({ length: 6 }, async () => {
      while (!isOver) statuses.push(await chat(key));
    }),
  );
  headgate.signal("SIGHUP");
  await eventually(() => children().workers.length === 2 && children().workers.every((pid) => !before.includes(pid)), {
    timeoutMs: 60_000,
  });
  await eventually(() => statuses.length > 50);
  isOver = true;
  await load;
  expect(new Set(statuses)).toEqual(new Set([200]));
  await eventually(async () => (await ledgerRequests()) === statuses.length, { timeoutMs: 20_000 });
}, 120_000);

test("SIGTERM ends all of them in order; without the one that was started the others end by themselves", async () => {
  const key = await createKey();
  expect(await chat(key)).toBe(200);
  const pids = [...children().control, ...children().workers];
  expect(await headgate.kill("SIGTERM")).toEqual({ code: 0, signal: null });
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();

  headgate = await startHeadgateProcess({ home, env: twoWorkers });
  await eventually(async () => (await ledgerRequests()) === 1);
  const orphans = [...children().control, ...children().workers];
  headgate.signal("SIGKILL");
  await headgate.exited;
  headgate = await startHeadgateProcess({ home, env: twoWorkers });
  expect(await chat(key)).toBe(200);
  await eventually(() => orphans.every((pid) => !isAlive(pid)), { timeoutMs: 20_000 });
}, 120_000);

test("who starts next waits for workers that outlive their supervisor: what they still write is in the ledger", async () => {
  const key = await createKey();
  provider.next({ kind: "hang", at: "before_headers" });
  const cut = chat(key);
  await provider.waitForRequest();
  const orphans = children().workers;
  for (const pid of orphans) process.kill(pid, "SIGSTOP");
  const { pid } = headgate;
  headgate.signal("SIGKILL");
  await eventually(() => !isAlive(pid));
  const next = startHeadgateProcess({ home, env: twoWorkers });
  try {
    // Long enough for a start that does not wait.
    await expect(Promise.race([next.then(() => "started"), sleep(4000, "waits")])).resolves.toBe("waits");
  } finally {
    for (const pid of orphans) process.kill(pid, "SIGCONT");
    headgate = await next;
  }
  // It was cut in order, by the worker that had it, and not taken for lost.
  expect(await cut).not.toBe(200);
  const states = async () => {
    const { body } = await headgate.admin("GET", "/requests?limit=10");
    return body.data.map(({ state }: { state: string }) => state);
  };
  const ended = await eventually(async () => {
    const found: string[] = await states();
    return found.length > 0 && !found.includes("in_progress") && found;
  });
  expect(ended).toEqual(["settled"]);
}, 120_000);

test("control gives way to calls where they share a core", () => {
  const { control, workers } = children();
  expect(control.flatMap(threadNiceness).every((niceness) => niceness > 0)).toBe(true);
  expect(workers.flatMap(threadNiceness).every((niceness) => niceness === 0)).toBe(true);
});

/** Of each of its threads: the higher, the less of a shared core it gets. */
function threadNiceness(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
    // From the third field on, behind the name, which may hold anything.
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
}

test("a worker that can't be started is tried again until it can", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headgate-node-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = join(folder, "node");
  await copyFile(process.execPath, program);
  await headgate.kill("SIGTERM");
  headgate = await startHeadgateProcess({ home, env: twoWorkers, execPath: program });
  const key = await createKey();
  // As while Node.js is being upgraded under it.
  await rename(program, `${program}.away`);
  const [victim] = children().workers;
  process.kill(victim as number, "SIGKILL");
  await eventually(() => headgate.stderr.includes("a worker could not be started"));
  for (let call = 0; call < 5; call++) expect(await chat(key)).toBe(200);
  await rename(`${program}.away`, program);
  await eventually(() => children().workers.length === 2, { timeoutMs: 20_000 });
  await eventually(bothServe, { timeoutMs: 20_000 });
}, 120_000);

test("/system names all processes, what each serves and works from", async () => {
  const processes = async () => (await headgate.admin("GET", "/system")).body.processes;
  const { control, workers } = children();
  await eventually(async () => (await processes()).length === 3);
  const seen = await processes();
  expect(seen.map(({ role, name }: LooseJson) => [role, name])).toEqual([
    ["control", "control"],
    ["worker", "worker-1"],
    ["worker", "worker-2"],
  ]);
  expect(seen.map(({ pid }: LooseJson) => pid).sort()).toEqual([...control, ...workers].sort());
  await createKey();
  await eventually(async () => new Set((await processes()).map((one: LooseJson) => one.config_version)).size === 1);
  provider.next({ kind: "hang", at: "before_headers" });
  const leaving = new AbortController();
  const key = await createKey();
  const body = JSON.stringify({ model: "m", messages: [] });
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const hanging = fetch(`${headgate.url}/v1/chat/completions`, { method: "POST", headers, body, signal: leaving.signal });
  hanging.catch(() => undefined);
  const inFlight = async () => (await processes()).map((one: LooseJson) => one.calls_in_flight);
  await eventually(async () => JSON.stringify((await inFlight()).sort()) === "[0,1,null]");
  leaving.abort();
  await eventually(async () => JSON.stringify((await inFlight()).sort()) === "[0,0,null]");
}, 60_000);

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
