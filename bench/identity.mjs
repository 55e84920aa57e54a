// `npm run bench:identity`: what other callers notice of a slow, silent or absent identity provider, and what a known token costs.
import { writeFileSync } from "node:fs";
import { paced } from "./load/paced.mjs";
import { completionRequest } from "./load/requests.mjs";
import { measureCredentialCost } from "./measure/credential-cost.mjs";
import { measureIdentityRound } from "./measure/identity-phases.mjs";
import { checkLedger } from "./measure/ledger.mjs";
import { measureThroughput } from "./measure/throughput.mjs";
import { costTable, identityTarget, phaseTable } from "./report/identity-table.mjs";
import { printProfiles } from "./report/print-profiles.mjs";
import { writeReadme } from "./report/write-readme.mjs";
import { loadCore, moveSelfTo } from "./setup/cores.mjs";
import { openFolders } from "./setup/folders.mjs";
import { readIdentityOptions } from "./setup/identity-options.mjs";
import { describeMachine } from "./setup/machine.mjs";
import { startGlobus } from "./setup/start-globus.mjs";
import { startProvider } from "./setup/start-provider.mjs";
import { startDirect } from "./subjects/direct.mjs";
import { startHeadgate } from "./subjects/headgate.mjs";
import { calledWith } from "./subjects/subject.mjs";

const credentials = (kind) => Array.from({ length: 20 }, (_, index) => `${kind}-bench-0123456789abcdef-${index}`);
const keys = credentials("sk");
const tokens = credentials("token");

const say = (text) => process.stderr.write(`${text}\n`);

async function main(plan) {
  const { dir, profileDir } = openFolders(plan);
  const machine = describeMachine();
  moveSelfTo(loadCore);
  const running = [];
  try {
    const setup = { ...(await start(plan, dir, profileDir, running)), keys, tokens };
    await warmUp(setup, plan);
    const cost = await measureCredentialCost(plan.headgatePath);
    const calls = await measureCalls(setup, plan);
    const rounds = [];
    for (let round = 0; round < plan.rounds; round++) {
      say(`phases, round ${round + 1} of ${plan.rounds}`);
      rounds.push(await measureIdentityRound(setup, plan));
    }
    const ledger = await checkLedger(setup.headgate);
    const around = [...machine, ...identityTarget(rounds), `Ledger: ${ledger.isRight ? ledger.text : `WRONG: ${ledger.text}`}`];
    if (plan.profile) around.push("Headgate ran under the profiler: its figures are too high");
    const figures = `${phaseTable(rounds)}\n\n${costTable(cost, calls)}`;
    process.stdout.write(`${figures}\n\n${around.join("\n")}\n`);
    if (plan.writesReadme) writeReadme("identity", around, figures);
    if (plan.jsonPath !== undefined)
      writeFileSync(plan.jsonPath, `${JSON.stringify({ machine, plan, rounds, cost, calls, ledger }, null, 2)}\n`);
    if (!ledger.isRight) process.exitCode = 1;
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
  if (profileDir !== null) printProfiles(profileDir);
}

async function start({ headgatePath }, dir, profileDir, running) {
  const provider = await startProvider(dir, loadCore);
  running.push(provider);
  const globus = await startGlobus(dir);
  running.push(globus);
  const surroundings = {
    providerPort: provider.port,
    dir,
    headgatePath,
    profileDir,
    moreKeys: keys,
    // newcomers say that they come from everywhere: one address would soon be told to wait
    moreServer: { trusted_proxies: ["127.0.0.1"] },
    moreVariables: {
      GLOBUS_APPLICATION_ID: "bench-application",
      GLOBUS_APPLICATION_SECRET: "bench-application-secret",
      GLOBUS_GROUPS: "bench-group", // so that all three calls are made
      HEADGATE_GLOBUS_AUTH_URL: globus.url,
      HEADGATE_GLOBUS_GROUPS_URL: globus.url,
    },
  };
  const headgate = await startHeadgate(surroundings);
  running.push(headgate);
  return { headgate, globus, direct: await startDirect(surroundings) };
}

/** Afterwards every token is known, and the code is compiled. */
async function warmUp({ headgate, direct }, { perSecond, warmUpSeconds: seconds }) {
  say("warming up");
  const requests = [...keys, ...tokens].map((key) => completionRequest(calledWith(headgate, key)));
  await paced(headgate, { perSecond, seconds, requests });
  await paced(direct, { perSecond, seconds: 1 });
}

/** Whole calls under full load, by key and by token in turns. */
async function measureCalls({ headgate }, plan) {
  const callers = { key: calledWith(headgate, keys[0]), token: calledWith(headgate, tokens[0]) };
  await measureThroughput(callers.key, plan);
  const calls = { key: [], token: [] };
  for (let round = 0; round < plan.costRounds; round++) {
    say(`cost of a call, round ${round + 1} of ${plan.costRounds}`);
    const order = round % 2 === 0 ? ["key", "token"] : ["token", "key"];
    for (const kind of order) calls[kind].push(await measureThroughput(callers[kind], plan));
  }
  return calls;
}

// ends through "exit", where the others are killed; they would outlive a signal
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

try {
  const plan = readIdentityOptions(process.argv.slice(2));
  if (plan !== null) await main(plan);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
