// `node bench/compare.mjs A B`: is B faster than A? Two commits or folders, each built apart, in fresh processes, in turns.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkLedger } from "./measure/ledger.mjs";
import { memoryOf, totalMemory } from "./measure/process-usage.mjs";
import { measureAll } from "./measure/rounds.mjs";
import { compareTable } from "./report/compare-table.mjs";
import { checkout } from "./setup/checkout.mjs";
import { readCompareOptions } from "./setup/compare-options.mjs";
import { loadCore, moveSelfTo, providerCore } from "./setup/cores.mjs";
import { temporaryFolder } from "./setup/folders.mjs";
import { describeMachine } from "./setup/machine.mjs";
import { startProvider } from "./setup/start-provider.mjs";
import { startHeadgate, startLimitedHeadgate } from "./subjects/headgate.mjs";

const say = (text) => process.stderr.write(`${text}\n`);

async function main(plan) {
  const dir = temporaryFolder("compare");
  const sides = plan.sides.map((name, index) => ({ ...checkout(name, join(dir, "AB"[index]), say), rounds: [] }));
  const machine = describeMachine();
  moveSelfTo(loadCore);
  for (let round = 0; round < plan.rounds; round++) {
    const order = round % 2 === 0 ? sides : [...sides].reverse();
    for (const side of order) {
      say(`round ${round + 1} of ${plan.rounds}: ${side.title}`);
      side.rounds.push(await measureOnce(side, plan, join(dir, `round-${round}-${sides.indexOf(side)}`)));
    }
  }
  process.stdout.write(`${compareTable(sides)}\n\n${[...machine, ...remarks(plan, sides)].join("\n")}\n`);
  if (plan.jsonPath !== undefined) writeFileSync(plan.jsonPath, `${JSON.stringify({ machine, plan, sides }, null, 2)}\n`);
}

/** Provider and Headgate are started for this round alone, and all that they leave behind is removed. */
async function measureOnce({ headgatePath }, plan, dir) {
  mkdirSync(dir, { recursive: true });
  const provider = await startProvider(dir, providerCore);
  const { workers, nodeOptions } = plan;
  const surroundings = { providerPort: provider.port, dir, headgatePath, nodeOptions, profileDir: null, workers };
  let headgate = null;
  try {
    headgate = await (plan.withLimits ? startLimitedHeadgate : startHeadgate)(surroundings);
    const [results] = await measureAll({ ...plan, rounds: 1 }, [headgate], () => {});
    const ledger = await checkLedger(headgate);
    if (!ledger.isRight) throw new Error(`the ledger is wrong: ${ledger.text}`);
    const [throughput = {}] = results.throughput;
    const [large = {}] = results.large;
    const [latency = {}] = results.latency;
    const [streams = {}] = results.streams;
    const processes = memoryOf(headgate.pid);
    return { throughput, large, latency, streams, memory: processes === null ? {} : totalMemory(processes) };
  } finally {
    await headgate?.stop();
    await provider.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

function remarks({ rounds, workers, withLimits }, sides) {
  const what = `${workers === 0 ? "one process" : `${workers} workers`}, ${withLimits ? "with" : "without"} limits`;
  return [
    ...sides.map(({ title, headgatePath }, index) => `${"AB"[index]}: ${title} (${headgatePath})`),
    `${rounds} rounds, A B, B A, and so on, each with fresh processes and an empty database; ${what}`,
    "B to A: within each round, then the median and the range over the rounds; where the range has 0 in it, nothing is shown",
  ];
}

// ends through "exit", where the subjects are killed
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

try {
  const plan = readCompareOptions(process.argv.slice(2));
  if (plan !== null) await main(plan);
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
