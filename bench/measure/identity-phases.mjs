// How long known callers wait while an identity provider is well, slow, silent or down, and while new tokens come in.
import { Newcomers } from "../load/newcomers.mjs";
import { paced } from "../load/paced.mjs";
import { completionRequest } from "../load/requests.mjs";
import { percentile } from "../report/statistics.mjs";
import { canPin, proxyCore } from "../setup/cores.mjs";
import { calledWith } from "../subjects/subject.mjs";
import { coreSeconds, cpuSeconds, mainThreadSchedule } from "./process-usage.mjs";

export const phases = {
  a: { title: "(a) healthy, no new tokens", mode: "healthy", statuses: [] },
  b: { title: "(b) each answer takes 2 s, new tokens", mode: "late", statuses: [200, 503] },
  c: { title: "(c) never answers, new tokens", mode: "silent", statuses: [200, 503] }, // 200: those still waiting when the phase ends
  d: { title: "(d) down, new tokens", mode: "down", statuses: [503] },
  e: { title: "(e) down, no new tokens", mode: "down", statuses: [] },
};

/** As many as there are of the others, so that a slow moment of the machine hits all alike. */
const turns = ["a", "b", "a", "c", "a", "d", "a", "e"];

/**
 * One round: every phase, `a` before each of the others. Latencies in ms.
 * @param {{ headgate: import("../subjects/subject.mjs").Subject, direct: object, globus: object, keys: string[], tokens: string[] }} setup
 * @param {{ perSecond: number, newcomersPerSecond: number, secondsOf: Record<string, number> }} plan
 */
export async function measureIdentityRound(setup, plan) {
  const samples = Object.fromEntries(Object.keys(phases).map((name) => [name, []]));
  for (const name of turns) samples[name].push(await measurePhase(setup, plan, phases[name], plan.secondsOf[name]));
  await setup.globus.enter("healthy");
  const direct = await paced(setup.direct, { perSecond: plan.perSecond, seconds: plan.secondsOf.direct });
  const round = { direct: { all: quantiles(direct) } };
  for (const [name, parts] of Object.entries(samples)) {
    const keys = parts.flatMap((part) => part.keys);
    const tokens = parts.flatMap((part) => part.tokens);
    const questions = parts.reduce((sum, part) => sum + part.questions, 0);
    const statuses = parts.flatMap((part) => [...part.statuses]);
    round[name] = {
      all: quantiles([...keys, ...tokens]),
      keys: quantiles(keys),
      tokens: quantiles(tokens),
      questions,
      statuses,
      busy: mean(parts.map(({ busy }) => busy)),
      waited: mean(parts.map(({ waited }) => waited)),
      others: mean(parts.map(({ others }) => others)),
    };
  }
  round.noise = Math.abs(p99Of(samples.a, [0, 2]) - p99Of(samples.a, [1, 3]));
  return round;
}

async function measurePhase({ headgate, globus, keys, tokens }, plan, { mode, statuses }, seconds) {
  const before = await globus.enter(mode);
  const newcomers = statuses.length === 0 ? null : new Newcomers(headgate, plan.newcomersPerSecond);
  const run = (credentials) =>
    paced(headgate, {
      perSecond: plan.perSecond / 2,
      seconds,
      requests: credentials.map((key) => completionRequest(calledWith(headgate, key))),
    });
  try {
    const usedBefore = usage(headgate);
    const ofKeys = run(keys);
    ofKeys.catch(() => {});
    // in between the others
    await new Promise((wake) => setTimeout(wake, 1000 / plan.perSecond));
    const latencies = { tokens: await run(tokens), keys: await ofKeys };
    const used = usage(headgate);
    newcomers?.stop();
    // a newcomer who waits is let in rather than waited for; one who comes while it is down has had the answer already
    const after = await globus.enter(mode === "down" ? mode : "healthy");
    await newcomers?.answered();
    const got = newcomers?.statuses ?? new Map();
    for (const status of got.keys()) if (!statuses.includes(status)) throw new Error(`a new token was answered with ${status}`);
    return {
      ...latencies,
      questions: after.questions - before.questions,
      statuses: got,
      busy: (used.ranSeconds - usedBefore.ranSeconds) / seconds,
      waited: (used.waitedSeconds - usedBefore.waitedSeconds) / seconds,
      others: (used.othersSeconds - usedBefore.othersSeconds) / seconds,
    };
  } finally {
    newcomers?.stop();
  }
}

function p99Of(parts, indexes) {
  return percentile(
    indexes.flatMap((index) => [...parts[index].keys, ...parts[index].tokens]),
    0.99,
  );
}

/** NaN where the system doesn't say. `othersSeconds`: what its core did for other programs, its own threads left out. */
function usage({ pid }) {
  const { ranSeconds = Number.NaN, waitedSeconds = Number.NaN } = mainThreadSchedule(pid) ?? {};
  const ofCore = canPin ? coreSeconds(proxyCore) : null;
  return { ranSeconds, waitedSeconds, othersSeconds: ofCore === null ? Number.NaN : ofCore - cpuSeconds(pid) };
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantiles(latencies) {
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    max: Math.max(...latencies),
    count: latencies.length,
  };
}
