// What becomes of a proxy at several times the load that it can carry, and how soon it is itself again.
import { Crowd } from "../load/crowd.mjs";
import { completionRequest } from "../load/requests.mjs";
import { percentile } from "../report/statistics.mjs";
import { cpuSeconds } from "./process-usage.mjs";

/** Of each phase, while it gets going. */
const skippedMs = 1000;
const bucketMs = 100;

/**
 * One round: the most that it serves, then `times` as much offered, then half as much.
 * @param {import("../subjects/subject.mjs").Subject} subject
 * @param {{ bestCallers: number, callers: number, seconds: number, times: number, insists: boolean }} plan `insists`: all callers ask again at once
 */
export async function measureOverload(subject, { bestCallers, callers, seconds, times, insists }) {
  const request = completionRequest(subject);
  const few = await Crowd.open({ port: subject.port, callers: bestCallers });
  const bestCpuBefore = cpuSeconds(subject.pid);
  const best = new Answers(subject);
  await few.insist({ request, seconds, onAnswer: best.add });
  await few.settled(10_000);
  few.close();
  await subject.settled();
  const bestPerSecond = best.servedPerSecond(seconds);
  const bestPerCpuSecond = best.served / (cpuSeconds(subject.pid) - bestCpuBefore);

  const crowd = await Crowd.open({ port: subject.port, callers });
  try {
    const cpuBefore = cpuSeconds(subject.pid);
    const much = new Answers(subject);
    const perSecond = bestPerSecond * times;
    const load = { request, seconds, onAnswer: much.add };
    const { withheld = 0 } = (await (insists ? crowd.insist(load) : crowd.offer({ ...load, perSecond }))) ?? {};
    const cpuShare = (cpuSeconds(subject.pid) - cpuBefore) / seconds;
    const half = new Answers(subject);
    await crowd.offer({ request, perSecond: bestPerSecond / 2, seconds: 4, onAnswer: half.add });
    await crowd.settled(10_000);
    await subject.settled();
    return {
      bestPerSecond,
      offeredPerSecond: insists ? null : perSecond,
      withheldPerSecond: withheld / seconds,
      servedPerSecond: much.servedPerSecond(seconds),
      servedShare: much.servedPerSecond(seconds) / bestPerSecond,
      /** The same by CPU time, what was done after the last answer included; it holds also when others use the core. */
      servedShareByCpu: (much.served + half.served) / (cpuSeconds(subject.pid) - cpuBefore) / bestPerCpuSecond,
      shedPerSecond: much.perSecond(503, seconds),
      broken: best.broken + much.broken + half.broken,
      cpuShare,
      bestP99Ms: best.servedMs(0.99),
      servedP50Ms: much.servedMs(0.5),
      servedP99Ms: much.servedMs(0.99),
      refusedP50Ms: much.refusedMs(0.5),
      refusedP99Ms: much.refusedMs(0.99),
      recoveredAfterMs: half.recoveredAfterMs(Math.max(50, 2 * best.servedMs(0.99))),
    };
  } finally {
    crowd.close();
  }
}

class Answers {
  #subject;
  #served = [];
  #refused = [];
  /** By tenths of a second: answers, and those among them that were refused or slow. */
  #all = [];
  broken = 0;

  constructor(subject) {
    this.#subject = subject;
  }

  add = ({ status, afterMs }, atMs) => {
    if (status === 200) this.#subject.answered++;
    if (status === 200) this.#served.push({ afterMs, atMs });
    else if (status === 503) this.#refused.push({ afterMs, atMs });
    else this.broken++;
    this.#all.push({ status, afterMs, atMs });
  };

  get served() {
    return this.#served.length;
  }

  perSecond(status, seconds) {
    const from = status === 200 ? this.#served : this.#refused;
    return from.filter(({ atMs }) => atMs >= skippedMs && atMs < seconds * 1000).length / (seconds - skippedMs / 1000);
  }

  servedPerSecond(seconds) {
    return this.perSecond(200, seconds);
  }

  servedMs(rank) {
    return percentileOf(this.#served, rank);
  }

  refusedMs(rank) {
    return percentileOf(this.#refused, rank);
  }

  /** When the first of three tenths of a second began that had nothing but answers of 200, each p90 within `boundMs`; null: never. */
  recoveredAfterMs(boundMs) {
    const buckets = new Map();
    for (const answer of this.#all) {
      const bucket = Math.floor(answer.atMs / bucketMs);
      if (!buckets.has(bucket)) buckets.set(bucket, []);
      buckets.get(bucket).push(answer);
    }
    let fine = 0;
    for (let bucket = 0; bucket <= Math.max(...buckets.keys()); bucket++) {
      const answers = buckets.get(bucket) ?? [];
      const isFine = answers.length > 0 && answers.every(({ status }) => status === 200) && percentileOf(answers, 0.9) <= boundMs;
      fine = isFine ? fine + 1 : 0;
      if (fine === 3) return (bucket - 2) * bucketMs;
    }
    return null;
  }
}

function percentileOf(answers, rank) {
  const times = answers.filter(({ atMs }) => atMs >= 0).map(({ afterMs }) => afterMs);
  return times.length === 0 ? null : percentile(times, rank);
}
