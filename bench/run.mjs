// `npm run bench`: starts provider and subjects, measures them in turns, prints one table. bench/README.md explains the figures.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { closedLoop } from "./load/closed-loop.mjs";
import { measureLatency } from "./measure/latency.mjs";
import { checkLedger } from "./measure/ledger.mjs";
import { memoryMb } from "./measure/process-usage.mjs";
import { measureStreams } from "./measure/streams.mjs";
import { measureThroughput } from "./measure/throughput.mjs";
import { printProfiles } from "./report/print-profiles.mjs";
import { table } from "./report/table.mjs";
import { targets } from "./report/targets.mjs";
import { writeReadme } from "./report/write-readme.mjs";
import { loadCore, moveSelfTo } from "./setup/cores.mjs";
import { describeMachine } from "./setup/machine.mjs";
import { readOptions } from "./setup/options.mjs";
import { startProcess } from "./setup/start-process.mjs";
import { startDirect } from "./subjects/direct.mjs";
import { startFloor } from "./subjects/floor.mjs";
import { startHeadgate } from "./subjects/headgate.mjs";
import { isNginxInstalled, startNginx } from "./subjects/nginx.mjs";

const starters = { direct: startDirect, floor: startFloor, headgate: startHeadgate, nginx: startNginx };
const measures = { throughput: measureThroughput, latency: measureLatency, streams: measureStreams };

const say = (text) => process.stderr.write(`${text}\n`);

async function main(plan) {
  const dir = plan.dir === undefined ? mkdtempSync(join(tmpdir(), "headgate-bench-")) : resolve(plan.dir);
  mkdirSync(dir, { recursive: true });
  if (plan.dir === undefined) process.once("exit", () => rmSync(dir, { recursive: true, force: true }));
  const profileDir = plan.profile ? mkdtempSync(join(tmpdir(), "headgate-profile-")) : null;
  const machine = describeMachine();
  moveSelfTo(loadCore);
  const running = [];
  try {
    const provider = await startProcess({
      name: "the provider",
      command: [process.execPath, fileURLToPath(new URL("provider.mjs", import.meta.url))],
      core: loadCore,
      logPath: `${dir}/provider.log`,
    });
    running.push(provider);
    const { headgatePath, nodeOptions } = plan;
    const surroundings = { providerPort: provider.port, dir, headgatePath, nodeOptions, profileDir };
    const subjects = await startSubjects(plan, surroundings, running);
    const results = await measureAll(plan, subjects);

    const headgate = subjects.find(({ name }) => name === "headgate");
    const ledger = headgate === undefined ? null : await checkLedger(headgate);
    const around = remarks({ plan, machine, results, ledger });
    const figures = table(results, plan);
    process.stdout.write(`${figures}\n\n${around.join("\n")}\n`);
    if (plan.writesReadme) writeReadme("results", around, figures);
    if (plan.jsonPath !== undefined)
      writeFileSync(plan.jsonPath, `${JSON.stringify({ machine, plan, results, ledger }, null, 2)}\n`);
    if (ledger?.isRight === false) process.exitCode = 1;
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
  if (profileDir !== null) printProfiles(profileDir);
}

async function startSubjects(plan, surroundings, running) {
  const subjects = [];
  for (const name of plan.subjects) {
    if (name === "nginx" && !isNginxInstalled) {
      if (!plan.isEverySubjectWanted) throw new Error("nginx is not installed");
      say("nginx is not installed: its column is left out");
      continue;
    }
    const subject = await starters[name](surroundings);
    running.push(subject);
    subjects.push(subject);
  }
  return subjects;
}

/** All subjects take part in each round, there and back in turns, so that a slow moment of the machine hits them alike. */
async function measureAll(plan, subjects) {
  const results = subjects.map(({ name, title, pid }) => {
    const start = memoryMb(pid);
    return { name, title, throughput: [], latency: [], streams: [], memory: start === null ? null : { start, end: start } };
  });
  for (const subject of subjects) {
    say(`warming up: ${subject.name}`);
    await closedLoop(subject, { connections: plan.connections, seconds: plan.warmUpSeconds });
    await subject.settled();
  }
  for (const measure of plan.measures) {
    const rounds = measure === "streams" ? plan.streamRounds : plan.rounds;
    for (let round = 0; round < rounds; round++) {
      say(`${measure}, round ${round + 1} of ${rounds}`);
      const order = [...subjects.keys()];
      if (round % 2 === 1) order.reverse();
      for (const index of order) results[index][measure].push(await measures[measure](subjects[index], plan));
    }
  }
  subjects.forEach(({ pid }, index) => {
    const end = memoryMb(pid);
    if (end !== null) results[index].memory.end = end;
  });
  return results;
}

/** Everything that is known of the run, but for the table. */
function remarks({ plan, machine, results, ledger }) {
  const lines = [...machine, ...targets(results)];
  if (ledger !== null) lines.push(`Ledger: ${ledger.isRight ? ledger.text : `WRONG: ${ledger.text}`}`);
  if (plan.profile) lines.push("Headgate ran under the profiler: its figures are too high");
  return lines;
}

// ends through "exit", where the subjects are killed; nginx and Headgate would outlive a signal
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

try {
  const plan = readOptions(process.argv.slice(2));
  if (plan !== null) await main(plan);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
