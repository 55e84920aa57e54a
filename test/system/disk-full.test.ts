// A disk that takes nothing more: new work is refused (or goes on, where that is the policy), and nothing that was finished is lost.
import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { createHome, type HeadgateProcess, startHeadgateProcess } from "../support/headgate-process.ts";
import { ledgerProblems, settledLedger, usageProblems } from "../support/load/ledger-check.ts";
import { callerKeys, Load } from "../support/load/load.ts";
import { answerLoad } from "../support/load/load-provider.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { seededRandom } from "../support/random.ts";
import { rawRequest } from "../support/raw-http.ts";

const callers = 6;

let provider: Provider;
let seen: number[];
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider?.close());
beforeEach(() => {
  provider.reset();
  provider.models = ["loaded"];
  seen = answerLoad(provider);
});

async function start(onFailure: "refuse" | "continue"): Promise<HeadgateProcess> {
  const home = await createHome();
  onTestFinished(() => home.remove());
  const config = {
    accounting: { on_failure: onFailure },
    endpoints: [{ name: "prod", url: `${provider.url}/v1`, sync_interval: 0 }],
    keys: callerKeys(callers),
  };
  const headgate = await startHeadgateProcess({ home, config });
  onTestFinished(async () => void (await headgate.kill()));
  return headgate;
}

/** "0" makes every write of its processes to a file fail with EFBIG, for root too: the nearest thing to a full disk. */
function limitFileSize({ pids }: HeadgateProcess, bytes: "0" | "unlimited"): void {
  for (const pid of pids) execFileSync("prlimit", ["--pid", String(pid), `--fsize=${bytes}:unlimited`]);
}

async function spool(headgate: HeadgateProcess) {
  const { status, body } = await headgate.admin("GET", "/system");
  expect(status).toBe(200);
  return body.spool;
}

/** `/readyz` stays 200 (other processes are no better off) and names the spool. */
async function spoolDegraded(headgate: HeadgateProcess): Promise<void> {
  await eventually(async () => {
    const { status, body } = await headgate.readiness();
    expect(status).toBe(200);
    return body.status === "degraded" && body.reasons.some((reason: { part: string }) => reason.part === "spool");
  });
}

test("refuse: calls in flight finish, new ones get 503 accounting_unavailable, and soon after there is space again it is as before", {
  timeout: 60_000,
}, async () => {
  const headgate = await start("refuse");
  const load = new Load({ model: "loaded", callers, random: seededRandom(2), pauseMs: 20 });
  await load.start(headgate.url);
  await eventually(() => load.served.length >= 20);

  limitFileSize(headgate, "0");
  await eventually(() => load.failed.filter((call) => call.status === 503).length >= 30);
  const sentBefore = seen.length;
  await eventually(async () => (await spool(headgate)).accepting === false);
  expect(await spool(headgate)).toMatchObject({ failure: expect.stringContaining("EFBIG"), unrecorded_attempts: 0 });
  await spoolDegraded(headgate);
  const refused = await rawRequest(headgate.url, {
    method: "POST",
    target: "/v1/chat/completions",
    headers: { authorization: `Bearer ${callerKeys(1)[0]?.key}` },
    body: { model: "loaded", messages: [] },
  });
  expect([refused.status, refused.json.error.code]).toEqual([503, "accounting_unavailable"]);
  expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  expect(provider.calls.filter((call) => call.json?.load === undefined)).toEqual([]);

  limitFileSize(headgate, "unlimited");
  const servedBefore = load.served.length;
  await eventually(() => load.served.length > servedBefore + 10);
  await load.stop();

  // Nothing but refusals failed, none of those went to the provider, and every call that was served is in the ledger.
  const others = load.failed.filter((call) => !call.isComplete || call.errorCode !== "accounting_unavailable");
  expect(others).toEqual([]);
  expect(seen.length).toBe(load.served.length);
  expect(sentBefore).toBeLessThan(seen.length);
  const rows = await settledLedger(headgate, load.served);
  expect(ledgerProblems(rows, load.served, seen)).toEqual([]);
  expect(await usageProblems(headgate, rows)).toEqual([]);
  expect(await spool(headgate)).toMatchObject({ accepting: true, failure: null, unrecorded_attempts: 0 });
  await eventually(async () => (await headgate.readiness()).body.status === "ready");
});

test("continue: calls go on, the failure shows, and what was kept meanwhile is recorded", { timeout: 60_000 }, async () => {
  const headgate = await start("continue");
  const load = new Load({ model: "loaded", callers, random: seededRandom(3), pauseMs: 20 });
  await load.start(headgate.url);
  await eventually(() => load.served.length >= 20);

  limitFileSize(headgate, "0");
  await eventually(async () => (await spool(headgate)).failure !== null);
  const servedBefore = load.served.length;
  await eventually(() => load.served.length > servedBefore + 50);
  expect(await spool(headgate)).toMatchObject({ accepting: true, failure: expect.stringContaining("EFBIG") });
  await spoolDegraded(headgate);

  limitFileSize(headgate, "unlimited");
  await eventually(async () => (await spool(headgate)).failure === null);
  await load.stop();
  expect(load.failed).toEqual([]);
  const rows = await settledLedger(headgate, load.calls);
  expect(ledgerProblems(rows, load.calls, seen)).toEqual([]);
  expect(rows).toHaveLength(load.calls.length);
  expect(await usageProblems(headgate, rows)).toEqual([]);
  expect((await spool(headgate)).unrecorded_attempts).toBe(0);
});
