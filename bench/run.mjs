// `npm run bench`: starts provider and subjects, measures them in turns, prints tables. bench/README.md explains the figures.
import { readFileSync, writeFileSync } from "node:fs";
import { measureGrowth } from "./measure/growth.mjs";
import { checkLedger } from "./measure/ledger.mjs";
import { emptyResults, measureAll } from "./measure/rounds.mjs";
import { writePlots } from "./report/plots.mjs";
import { printProfiles } from "./report/print-profiles.mjs";
import { growthTable, tables } from "./report/table.mjs";
import { targets } from "./report/targets.mjs";
import { writeReadme } from "./report/write-readme.mjs";
import { giveProxyCores, loadCore, moveSelfTo, providerCore } from "./setup/cores.mjs";
import { openFolders } from "./setup/folders.mjs";
import { describeMachine } from "./setup/machine.mjs";
import { readOptions, subjectNames } from "./setup/options.mjs";
import { startProvider } from "./setup/start-provider.mjs";
import { foreignSubjects } from "./subjects/foreign.mjs";
import { startSubjects } from "./subjects/start-subjects.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

async function main(plan) {
  const { dir, profileDir } = openFolders(plan);
  giveProxyCores(plan.proxyCores);
  const machine = describeMachine(plan.foreign !== null);
  moveSelfTo(loadCore);
  const run = plan.foreign === null ? measureHeadgate(plan, dir, profileDir) : measureForeign(plan);
  report({ machine, plan, ...(await run) });
  if (profileDir !== null) printProfiles(profileDir);
}

async function measureHeadgate(plan, dir, profileDir) {
  const provider = await startProvider(dir, providerCore);
  const running = [provider];
  try {
    const { headgatePath, nodeOptions } = plan;
    const surroundings = { providerPort: provider.port, dir, headgatePath, nodeOptions, profileDir };
    const isAlone = plan.measures.every((name) => name === "growth" || name === "idle");
    const subjects = isAlone ? [] : await startSubjects(plan, surroundings, running, say);
    const measures = plan.measures.filter((name) => name !== "idle");
    const results = await measureAll({ ...plan, measures, providerPid: provider.pid }, subjects, say);
    const ledgers = await checkLedgers(subjects);
    while (running.length > 1) await running.pop().stop();
    if (plan.measures.includes("idle")) {
      for (const name of plan.subjects) ledgers.push(...(await measureIdleAlone(name, results, plan, surroundings, running)));
    }
    const growth = plan.measures.includes("growth") ? await measureGrowth(plan, surroundings, say) : null;
    return { results, growth, ledgers };
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
}

/** Held streams are measured on a fresh process: what calls before have left behind would hide what they take. */
async function measureIdleAlone(name, results, plan, surroundings, running) {
  const alone = { ...plan, subjects: [name], measures: ["idle"] };
  const inFolder = { ...surroundings, dir: `${surroundings.dir}/idle` };
  const [subject] = await startSubjects(alone, inFolder, running, say);
  if (subject === undefined) return [];
  const [measured] = await measureAll(alone, [subject], say);
  const known = results.find((result) => result.name === name);
  if (known === undefined) results.push(measured);
  else known.idle = measured.idle;
  const ledgers = await checkLedgers([subject]);
  await running.pop().stop();
  return ledgers;
}

async function checkLedgers(subjects) {
  const ledgers = [];
  for (const subject of subjects.filter(({ eventLoopDelay }) => eventLoopDelay !== null)) {
    ledgers.push({ title: subject.title.replaceAll("*", ""), ...(await checkLedger(subject)) });
  }
  return ledgers;
}

async function measureForeign(plan) {
  return { results: await measureAll(plan, foreignSubjects(plan.foreign), say), growth: null, ledgers: [] };
}

function report({ machine, plan, results, growth, ledgers }) {
  const around = remarks({ plan, machine, results, growth, ledgers });
  const figures = [tables(results, plan), ...(growth === null ? [] : [growthTable(growth)])].filter(Boolean).join("\n\n");
  process.stdout.write(`${figures}\n\n${around.join("\n")}\n`);
  if (plan.writesReadme) writeReadme("results", around, `${figures}\n\n${writePlots(results, growth)}`);
  if (plan.jsonPath !== undefined) {
    writeFileSync(plan.jsonPath, `${JSON.stringify({ machine, plan, results, growth, ledgers }, null, 2)}\n`);
  }
  if (ledgers.some(({ isRight }) => !isRight)) process.exitCode = 1;
}

/** Everything that is known of the run, but for the tables. */
function remarks({ plan, machine, results, growth, ledgers }) {
  const lines = [...machine];
  if (plan.foreign === null) lines.push(`Rounds: ${plan.rounds}; medians`, ...targets(results, growth, plan));
  const right = ledgers.filter(({ isRight }) => isRight);
  const requests = right.reduce((sum, { answered }) => sum + answered, 0).toLocaleString("en-US");
  if (right.length > 0) lines.push(`Ledger: ${requests} requests answered, as many settled rows, every token counted`);
  for (const { title, isRight, text } of ledgers) if (!isRight) lines.push(`Ledger WRONG, ${title}: ${text}`);
  if (plan.profile) lines.push("Headgate ran under the profiler: its figures are too high");
  return lines;
}

/** Prints again what an earlier run has written; several files, with commas between: what the later ones have takes the earlier's place. */
function again({ againPath, writesReadme }) {
  const [first, ...others] = againPath.split(",").map((path) => JSON.parse(readFileSync(path, "utf8")));
  for (const other of others) {
    for (const each of other.results) {
      const known = first.results.find(({ name }) => name === each.name) ?? emptyResults(each);
      if (!first.results.includes(known)) first.results.push(known);
      for (const [name, value] of Object.entries(each)) if (!Array.isArray(value) || value.length > 0) known[name] = value;
    }
    first.growth = other.growth ?? first.growth;
    first.ledgers.push(...other.ledgers);
  }
  const place = ({ name }) => subjectNames.indexOf(name);
  first.results.sort((a, b) => place(a) - place(b));
  report({ ...first, plan: { ...first.plan, writesReadme, jsonPath: undefined } });
}

// ends through "exit", where the subjects are killed; nginx and Headgate would outlive a signal
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

try {
  const plan = readOptions(process.argv.slice(2));
  if (plan?.againPath !== undefined) again(plan);
  else if (plan !== null) await main(plan);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
