// `npm run bench:console`: how fast the console's pages get their data from a large ledger, and what callers notice of it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPostgres } from "../scripts/services/postgres.mjs";
import { paced } from "./load/paced.mjs";
import { measureClicking } from "./measure/clicking.mjs";
import { measurePages } from "./measure/console-pages.mjs";
import { processTree } from "./measure/process-usage.mjs";
import { clickingTable, consoleTargets, pagesTable } from "./report/console-table.mjs";
import { printProfiles } from "./report/print-profiles.mjs";
import { writeReadme } from "./report/write-readme.mjs";
import { readConsoleOptions } from "./setup/console-options.mjs";
import { giveProxyCores, loadCore, moveSelfTo } from "./setup/cores.mjs";
import { fillConsole } from "./setup/fill-console.mjs";
import { openFolders } from "./setup/folders.mjs";
import { describeMachine } from "./setup/machine.mjs";
import { startProvider } from "./setup/start-provider.mjs";
import { goFirst, goLast } from "./setup/turns-of-cores.mjs";
import { adminToken, startHeadgate } from "./subjects/headgate.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

async function main(plan) {
  const { dir, profileDir } = openFolders(plan);
  const machine = describeMachine();
  giveProxyCores(plan.proxyCores);
  moveSelfTo(loadCore);
  const provider = await startProvider(dir, loadCore);
  const isFirst = goFirst([process.pid, provider.pid]) !== null;
  const results = [];
  try {
    for (const engine of plan.engines) results.push(await measureEngine(engine, plan, join(dir, engine), provider, profileDir));
  } finally {
    await provider.stop();
  }
  const { keys, models, requests, days } = plan.size;
  const around = [
    ...machine,
    ...(isFirst ? [] : ["Load generator and provider could not be let go first: calls have the kernel's slices in them"]),
    `${keys} keys, ${models} models, ${requests} requests of ${days} days, ${plan.workers} workers`,
    ...consoleTargets(results),
  ];
  const figures = `${pagesTable(results)}\n\n${clickingTable(results)}`;
  process.stdout.write(`${figures}\n\n${around.join("\n")}\n`);
  if (plan.writesReadme) writeReadme("console", around, figures);
  if (plan.jsonPath !== undefined) writeFileSync(plan.jsonPath, `${JSON.stringify({ machine, plan, results }, null, 2)}\n`);
  if (profileDir !== null) printProfiles(profileDir);
}

async function measureEngine(engine, plan, dir, { port: providerPort }, profileDir) {
  mkdirSync(join(dir, "data"), { recursive: true });
  const postgres = engine === "postgres" ? await startPostgres() : null;
  let headgate = null;
  try {
    say(`${engine}: filling the database`);
    const location = { databaseUrl: postgres?.url ?? null, dataDir: join(dir, "data") };
    const known = await fillConsole(plan.headgatePath, location, plan.size, (text) => say(`  ${text}`));
    const ofPostgres = { HEADGATE_DATABASE_URL: postgres?.url, HEADGATE_SECRET_KEY: "0123456789abcdef".repeat(4) };
    const moreVariables = postgres === null ? {} : ofPostgres;
    headgate = await startHeadgate({
      providerPort,
      dir,
      headgatePath: plan.headgatePath,
      profileDir,
      moreVariables,
      workers: plan.workers,
    });
    const tokens = await tokensOf(headgate, known);
    await paced(headgate, { perSecond: plan.perSecond, seconds: plan.warmUpSeconds });
    say(`${engine}: pages`);
    const pages = await measurePages(headgate, tokens, { rounds: plan.rounds, known });
    // The database would have a machine of its own: callers must not wait for it here.
    if (postgres !== null) processTree(postmasterOf(postgres)).forEach(goLast);
    const clicking = [];
    for (let round = 0; round < plan.rounds; round++) {
      say(`${engine}: calls, round ${round + 1} of ${plan.rounds}`);
      clicking.push(await measureClicking(headgate, tokens, known, { ...plan, logPath: `${dir}/clicker.log` }));
    }
    return { engine, pages, clicking };
  } finally {
    await headgate?.stop();
    await postgres?.destroy();
  }
}

function postmasterOf({ dataDir }) {
  return Number(readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n")[0]);
}

/** By who asks: the administrator's, and keys of the others with which they can do what their role allows. */
async function tokensOf({ port }, { managers, memberId }) {
  const tokenOf = async (userId) => {
    const response = await fetch(`http://127.0.0.1:${port}/admin/api/v1/keys`, {
      method: "POST",
      headers: { authorization: `Bearer ${adminToken}`, "content-type": "application/json" },
      body: JSON.stringify({ name: "bench:console", user_id: userId, scopes: ["admin"] }),
    });
    if (response.status !== 201) throw new Error(`POST /keys: ${response.status} ${await response.text()}`);
    return (await response.json()).key;
  };
  return {
    administrator: adminToken,
    largeManager: await tokenOf(managers.large),
    smallManager: await tokenOf(managers.small),
    member: await tokenOf(memberId),
  };
}

// ends through "exit", where the others are killed; they would outlive a signal
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

try {
  const plan = readConsoleOptions(process.argv.slice(2));
  if (plan !== null) await main(plan);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
