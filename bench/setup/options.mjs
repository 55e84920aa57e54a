// The command line of run.mjs.
import { readBenchOptions } from "./read-options.mjs";

/** In the order in which they are shown. */
export const subjectNames = ["direct", "floor", "nginx", "headgate", "headgate-1", "headgate-2", "limited", "limited-2"];
const measureNames = ["throughput", "large", "latency", "streams", "concurrency", "idle", "growth"];

const help = `npm run bench -- [options]

  --quick                 a fast look: fewer and shorter rounds, no growth
  --subjects a,b          ${subjectNames.join(", ")}
                          (default: all; nginx where it is installed; the number is that of worker processes; --only is the same)
  --measures a,b          ${measureNames.join(", ")} (default: all; --measure is the same)
  --rounds N              rounds of each measure
  --json FILE             write every single figure to FILE
  --again FILE            measure nothing: print again what --json wrote (with --readme: put it there)
  --readme                put the printed table into bench/README.md, and the plots into bench/plots
  --headgate FILE         the built program to measure (default: dist/main.js)
  --node-options=TEXT     NODE_OPTIONS for Headgate
  --proxy-cores N         cores for what is measured (default: 1); the load has the next ones
  --dir FOLDER            where Headgate's data and the logs go (default: a temporary folder, removed at the end)
  --cpu-prof              profile Headgate and print the functions that took the most time (the figures are then too high)

Another gateway, which is running and has the benchmark's provider behind it (node bench/provider.mjs --port 9100):

  --target URL            such as http://127.0.0.1:4000/v1
  --key K                 the bearer token to call it with
  --model M               the model to ask for (default: bench-model)
  --header "NAME: VALUE"  one more line of each request's head; may be given several times
  --direct URL            the provider itself, such as http://127.0.0.1:9100/v1: what the gateway adds is counted from there
  --pid PID               the gateway's process, if it runs here: CPU and memory then, too
  --streaming             only the measures with streams
`;

const full = {
  connections: 64,
  warmUpSeconds: 5,
  rounds: 5,
  throughputSeconds: 4,
  largeConnections: 16,
  largeSeconds: 3,
  closedLoopSeconds: 2,
  pacedPerSecond: 200,
  pacedSeconds: 5,
  streams: 50,
  chunkCount: 1000,
  chunkIntervalMs: 5,
  concurrency: [
    { streams: 400, perSecond: 20, seconds: 5 },
    { streams: 1000, perSecond: 10, seconds: 6 },
    { streams: 2000, perSecond: 5, seconds: 6 },
  ],
  idle: { streams: 10_000, perSecond: 1, seconds: 20 },
  historyHours: 3,
  newKeys: 20,
};
const quick = {
  ...full,
  warmUpSeconds: 2,
  rounds: 2,
  throughputSeconds: 2,
  largeSeconds: 1,
  closedLoopSeconds: 1,
  pacedSeconds: 2,
  chunkCount: 600,
  concurrency: [
    { streams: 400, perSecond: 20, seconds: 2 },
    { streams: 1000, perSecond: 10, seconds: 3 },
    { streams: 2000, perSecond: 5, seconds: 4 },
  ],
  idle: { streams: 2000, perSecond: 1, seconds: 6 },
  historyHours: 0.2,
  newKeys: 6,
};

/**
 * @param {string[]} args
 * @returns the plan of the run, or null when help was asked for and printed. Throws on what it doesn't know.
 */
export function readOptions(args) {
  const text = { type: "string" };
  const more = {
    subjects: text,
    only: text,
    measures: text,
    measure: text,
    again: text,
    "node-options": text,
    "proxy-cores": { type: "string", default: "1" },
    target: text,
    key: text,
    model: text,
    header: { type: "string", multiple: true, default: [] },
    direct: text,
    pid: text,
    streaming: { type: "boolean", default: false },
  };
  const read = readBenchOptions(args, { help, full, quick, more });
  if (read === null) return null;
  const { plan, values } = read;
  const subjects = values.subjects ?? values.only;
  const measures = values.measures ?? values.measure ?? (values.streaming ? "latency,streams,concurrency,idle" : undefined);
  const everyMeasure =
    values.quick || values.target !== undefined ? measureNames.filter((name) => name !== "growth") : measureNames;
  const proxyCores = Number(values["proxy-cores"]);
  if (!(proxyCores >= 1)) throw new Error("--proxy-cores takes a number from 1");
  return {
    ...plan,
    subjects: chosen("--subjects", subjects, subjectNames, subjectNames),
    measures: chosen("--measures", measures, measureNames, everyMeasure),
    isEverySubjectWanted: subjects === undefined,
    nodeOptions: values["node-options"],
    againPath: values.again,
    proxyCores,
    foreign: foreignOf(values),
  };
}

/** Null: Headgate is measured. */
function foreignOf({ target, key, model, header: headers, direct, pid }) {
  if (target === undefined) {
    if (key !== undefined || direct !== undefined) throw new Error("--key and --direct go with --target");
    return null;
  }
  for (const url of [target, direct]) if (url !== undefined && !URL.canParse(url)) throw new Error(`not a URL: ${url}`);
  return { target, key: key ?? "none", model, headers, direct, pid: pid === undefined ? null : Number(pid) };
}

/** The named ones, in the order in which they always run. */
function chosen(option, text, names, byDefault) {
  if (text === undefined) return byDefault;
  const wanted = text.split(",").map((name) => name.trim());
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`${option} takes ${names.join(", ")}, not "${unknown}"`);
  return names.filter((name) => wanted.includes(name));
}
