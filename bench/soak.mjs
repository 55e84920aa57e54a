// `node bench/soak.mjs`: whether Headgate's memory stays where it is over millions of calls, and its ledger whole.
import { writeFileSync } from "node:fs";
import { completionBody, streamEvents } from "./load/answers.mjs";
import { counted } from "./load/counted.mjs";
import { completionRequest, streamRequest } from "./load/requests.mjs";
import { checkLedger } from "./measure/ledger.mjs";
import { processState } from "./measure/process-state.mjs";
import { markdown } from "./report/table.mjs";
import { loadCore, moveSelfTo, providerCore } from "./setup/cores.mjs";
import { readCountOptions } from "./setup/count-options.mjs";
import { temporaryFolder } from "./setup/folders.mjs";
import { describeMachine } from "./setup/machine.mjs";
import { startProvider } from "./setup/start-provider.mjs";
import { startLimitedHeadgate } from "./subjects/headgate.mjs";

const benchmark = {
  help: `node bench/soak.mjs [options]

  --requests N      plain completions (default 2000000)
  --streams N       streamed completions of 20 chunks (default 100000)
  --workers N       worker processes; 0: everything in one (default 2)
  --phases N        parts of equal size, after each of which the processes are looked at (default 20)
`,
  counts: {
    requests: { byDefault: 2_000_000 },
    streams: { byDefault: 100_000 },
    workers: { byDefault: 2 },
    phases: { byDefault: 20, least: 2 },
  },
};

const connections = 64;
const chunkCount = 20;
/** For what is done after the last answer: timers, connections that are given up, a collection of garbage. */
const restMs = 3000;
const say = (text) => process.stderr.write(`${text}\n`);

async function main({ plan, headgatePath, jsonPath }) {
  const dir = temporaryFolder("soak");
  const machine = describeMachine();
  moveSelfTo(loadCore);
  const running = [];
  try {
    const provider = await startProvider(dir, providerCore);
    running.push(provider);
    const { workers } = plan;
    const surroundings = { providerPort: provider.port, dir, headgatePath, profileDir: null, workers };
    const headgate = await startLimitedHeadgate(surroundings);
    running.push(headgate);
    const samples = await soak(headgate, plan);
    const ledger = await checkLedger(headgate);
    report({ machine, plan, samples, ledger, jsonPath });
  } finally {
    await Promise.all(running.map(({ stop }) => stop()));
  }
}

async function soak(headgate, { requests, streams, phases }) {
  const plain = { connections, request: completionRequest(headgate), expected: completionBody };
  const { chunks, done } = streamEvents(chunkCount);
  const streamed = {
    connections,
    request: streamRequest(headgate, { chunkCount, intervalMs: 1 }),
    expected: Buffer.concat([...chunks, done]),
  };
  const samples = [{ requests: 0, streams: 0, errors: [], seconds: 0, ...(await processState(headgate)) }];
  let doneRequests = 0;
  let doneStreams = 0;
  for (let phase = 1; phase <= phases; phase++) {
    const one = await counted(headgate, { ...plain, count: partOf(requests, phase, phases) });
    const other = await counted(headgate, { ...streamed, count: partOf(streams, phase, phases) });
    await headgate.settled();
    await new Promise((wake) => setTimeout(wake, restMs));
    doneRequests += one.answered;
    doneStreams += other.answered;
    const errors = [...one.errors, ...other.errors];
    const seconds = one.seconds + other.seconds;
    const sample = { requests: doneRequests, streams: doneStreams, errors, seconds, ...(await processState(headgate)) };
    samples.push(sample);
    say(
      `${doneRequests} requests, ${doneStreams} streams: ${sample.residentMb.toFixed(0)} MB, ${errors.length} errors, ${seconds.toFixed(0)} s`,
    );
  }
  return samples;
}

/** So that the parts add up to `total`. */
function partOf(total, phase, phases) {
  return Math.floor((total * phase) / phases) - Math.floor((total * (phase - 1)) / phases);
}

function report({ machine, plan, samples, ledger, jsonPath }) {
  const [, first] = samples;
  const last = samples.at(-1);
  const growth = last.residentMb / first.residentMb;
  const errors = samples.flatMap((sample) => sample.errors);
  const number = (value) => value.toLocaleString("en-US");
  const rows = samples.map((sample) => [
    number(sample.requests),
    number(sample.streams),
    `${sample.residentMb.toFixed(0)} MB`,
    sample.processes.map(({ role, rss }) => `${role} ${rss.toFixed(0)}`).join(", "),
    sample.heapMb === null ? "–" : `${sample.heapMb.toFixed(0)} MB`,
    sample.eventLoopMs === null ? "–" : `${sample.eventLoopMs.toFixed(0)} ms`,
    number(sample.errors.length),
  ]);
  const lines = [
    markdown([["requests", "streams", "resident", "of it, MB", "heap used", "event loop p99", "errors"], ...rows]),
    "",
    ...machine,
    `${plan.workers === 0 ? "One process" : `${plan.workers} workers`}, a key with a rate limit and a budget, SQLite; ${connections} connections, streams of ${chunkCount} chunks`,
    `Resident after ${number(first.requests)} requests and ${number(first.streams)} streams: ${first.residentMb.toFixed(0)} MB; after ${number(last.requests)} and ${number(last.streams)}: ${last.residentMb.toFixed(0)} MB: × ${growth.toFixed(2)}`,
    `Target: within 10 % of after the first part: ${growth <= 1.1 ? "met" : "MISSED"}`,
    `Errors: ${errors.length}${errors.length === 0 ? "" : `, the first: ${errors[0]}`}`,
    `Ledger: ${ledger.isRight ? "" : "WRONG: "}${ledger.text}`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify({ machine, plan, samples, growth, ledger }, null, 2)}\n`);
  if (!ledger.isRight || errors.length > 0) process.exitCode = 1;
}

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const options = readCountOptions(process.argv.slice(2), benchmark);
if (options !== null) await main(options);
