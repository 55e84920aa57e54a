// kill -9 at random moments under load, again and again on the same data: no finished answer is lost, no attempt missing or doubled.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFailed, test } from "vitest";
import { createPostgresDatabase } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";
import { workersOfTests } from "../support/headgate-of-processes.ts";
import { createHome, type Home, startHeadgateProcess } from "../support/headgate-process.ts";
import { ledgerProblems, settledLedger, usageProblems } from "../support/load/ledger-check.ts";
import { callerKeys, Load } from "../support/load/load.ts";
import { answerLoad } from "../support/load/load-provider.ts";
import { startProvider } from "../support/provider.ts";
import { between, seededRandom } from "../support/random.ts";

const callers = 24;
const seed = Date.now() % 1_000_000;

async function killAgainAndAgain(home: Home, rounds: number, env: Record<string, string> = {}): Promise<void> {
  onTestFailed(() => console.error(`seed ${seed}`));
  const random = seededRandom(seed);
  await using provider = await startProvider({ models: ["loaded"] });
  const seen = answerLoad(provider);
  const config = {
    endpoints: [{ name: "prod", url: `${provider.url}/v1`, api_key: "provider-key", sync_interval: 0 }],
    keys: callerKeys(callers),
    log: { level: "warn" },
  };
  const load = new Load({ model: "loaded", callers, random });

  for (let round = 0; round < rounds; round++) {
    const headgate = await startHeadgateProcess({ home, config, env });
    const servedBefore = load.served.length;
    await load.start(headgate.url);
    // Every other round in full swing, the others as it begins.
    if (round % 2 === 1) await eventually(() => load.served.length > servedBefore + callers, { timeoutMs: 30_000 });
    await new Promise((resolve) => setTimeout(resolve, between(random, 50, 600)));
    await headgate.kill("SIGKILL");
    await load.untilCut();
  }

  const headgate = await startHeadgateProcess({ home, config, env });
  const spoolFiles = () => readdir(join(home.dataDir, "spool"));
  try {
    // The last killed one's spool has calls whose callers never learned their ids: only an empty spool tells that those are in.
    await eventually(async () => (await spoolFiles()).length === 1 + workersOfTests(), { timeoutMs: 30_000 });
    const rows = await settledLedger(headgate, load.calls);
    expect(ledgerProblems(rows, load.calls, seen)).toEqual([]);
    expect(await usageProblems(headgate, rows)).toEqual([]);

    // The load was one: calls finished, calls were cut in all of their stages, no answer was an error.
    expect(load.served.length).toBeGreaterThan(rounds * 5);
    expect(load.calls.filter((call) => call.status !== null && call.status !== 200)).toEqual([]);
    expect(rows.filter((row) => row.state === "interrupted").length).toBeGreaterThan(rounds);
    expect(load.calls.filter((call) => call.requestId !== null && !call.isComplete).length).toBeGreaterThan(0);

    // What is in the database is not in the spool any more, and nothing was set aside.
    const spool = async () => (await headgate.admin("GET", "/system")).body.spool;
    await eventually(async () => (await spool()).backlog_bytes === 0);
    expect(await spool()).toMatchObject({ backlog_bytes: 0, unrecorded_attempts: 0 });
    expect(await spoolFiles()).toHaveLength(1 + workersOfTests());
  } finally {
    await headgate.kill();
  }
}

test("kill -9 at random moments under load, 20 times, SQLite", { timeout: 300_000 }, async () => {
  const home = await createHome();
  try {
    await killAgainAndAgain(home, 20);
  } finally {
    await home.remove();
  }
});

test("kill -9 at random moments under load, 5 times, PostgreSQL", { timeout: 120_000 }, async () => {
  const home = await createHome();
  const database = await createPostgresDatabase();
  try {
    await killAgainAndAgain(home, 5, { HEADGATE_DATABASE_URL: database.url });
  } finally {
    await database.drop();
    await home.remove();
  }
});
