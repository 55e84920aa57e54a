// `node bench/overload.mjs`: Headgate at several times the load that it can carry. bench/README.md explains the figures.
import { writeFileSync } from "node:fs";
import { checkLedger } from "./measure/ledger.mjs";
import { measureOverload } from "./measure/overload.mjs";
import { memoryOf, totalMemory } from "./measure/process-usage.mjs";
import { medianOf } from "./report/statistics.mjs";
import { markdown } from "./report/table.mjs";
import { loadCore, moveSelfTo } from "./setup/cores.mjs";
import { readCountOptions } from "./setup/count-options.mjs";
import { temporaryFolder } from "./setup/folders.mjs";
import { describeMachine } from "./setup/machine.mjs";
import { startProvider } from "./setup/start-provider.mjs";
import { startHeadgate } from "./subjects/headgate.mjs";

const benchmark = {
  help: `node bench/overload.mjs [options]

  --rounds N        rounds (default 5)
  --seconds N       length of each phase (default 8)
  --times N         how many times the load that it can carry (default 3)
  --callers N       callers in overload, each with a connection of its own (default 2000)
  --insist          callers ask again at once when they are answered, in place of the rate of --times
  --lag TEXT        server.overload_lag (default: Headgate's own)
`,
  counts: {
    rounds: { byDefault: 5, least: 1 },
    seconds: { byDefault: 8, isFraction: true },
    times: { byDefault: 3, isFraction: true },
    callers: { byDefault: 2000, least: 1 },
  },
  more: { insist: { type: "boolean", default: false }, lag: { type: "string" } },
};

const say = (text) => process.stderr.write(`${text}\n`);
const figures = [
  ["best throughput", "bestPerSecond", 0, "/s"],
  ["offered", "offeredPerSecond", 0, "/s"],
  ["… withheld: no caller was free", "withheldPerSecond", 0, "/s"],
  ["served", "servedPerSecond", 0, "/s"],
  ["… × the best", "servedShare", 2, ""],
  ["… × the best, by CPU time", "servedShareByCpu", 2, ""],
  ["refused with 503", "shedPerSecond", 0, "/s"],
  ["its core in use", "cpuShare", 2, ""],
  ["served, p50", "servedP50Ms", 1, " ms"],
  ["served, p99", "servedP99Ms", 1, " ms"],
  ["refused, p50", "refusedP50Ms", 1, " ms"],
  ["refused, p99", "refusedP99Ms", 1, " ms"],
  ["as before, after", "recoveredAfterMs", 0, " ms"],
  ["connections broken", "broken", 0, ""],
];

async function main({ plan: { rounds: roundCount, ...counts }, values, headgatePath, jsonPath }) {
  const dir = temporaryFolder("overload");
  const machine = describeMachine();
  moveSelfTo(loadCore);
  const running = [];
  try {
    const provider = await startProvider(dir, loadCore);
    running.push(provider);
    const moreServer = values.lag === undefined ? {} : { overload_lag: values.lag };
    const surroundings = { providerPort: provider.port, dir, headgatePath, profileDir: null, moreServer };
    const headgate = await startHeadgate(surroundings);
    running.push(headgate);
    const plan = { bestCallers: 64, ...counts, insists: values.insist };
    say("warming up");
    await measureOverload(headgate, { ...plan, callers: 64, times: 1, seconds: 2, insists: true });
    const rounds = [];
    for (let round = 0; round < roundCount; round++) {
      const figuresOfRound = await measureOverload(headgate, plan);
      rounds.push(figuresOfRound);
      say(
        `round ${round + 1}: ${JSON.stringify(figuresOfRound, (_, value) => (typeof value === "number" ? +value.toFixed(2) : value))}`,
      );
    }
    const { text, isRight } = await checkLedger(headgate);
    const rows = figures.map(([title, name, digits, unit]) => {
      const value = medianOf(rounds, name);
      return [title, value === null ? "–" : `${value.toFixed(digits)}${unit}`];
    });
    const memory = memoryOf(headgate.pid);
    rows.push(["resident at the most", memory === null ? "–" : `${totalMemory(memory).peak.toFixed(0)} MB`]);
    const head = values.insist ? `${plan.callers} callers who ask again at once` : `${plan.times} × the load`;
    process.stdout.write(
      `${markdown([["", head], ...rows])}\n\n${machine.join("\n")}\nLedger: ${isRight ? "" : "WRONG: "}${text}\n`,
    );
    if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify({ machine, plan, rounds }, null, 2)}\n`);
    if (!isRight) process.exitCode = 1;
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const options = readCountOptions(process.argv.slice(2), benchmark);
if (options !== null) await main(options);
