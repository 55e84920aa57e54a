// Which measures there are, and in which order subjects take their turns.
import { closedLoop } from "../load/closed-loop.mjs";
import { measureConcurrency, measureIdle } from "./concurrency.mjs";
import { measureLatency } from "./latency.mjs";
import { memoryOf } from "./process-usage.mjs";
import { measureStreams } from "./streams.mjs";
import { measureLarge, measureThroughput } from "./throughput.mjs";

const measures = {
  throughput: measureThroughput,
  large: measureLarge,
  latency: measureLatency,
  streams: measureStreams,
  concurrency: measureConcurrency,
  idle: measureIdle,
};

/** Nothing measured yet. @param {{ name: string, title: string, workers: number }} subject */
export function emptyResults({ name, title, workers }) {
  const none = Object.fromEntries(Object.keys(measures).map((measure) => [measure, []]));
  return { name, title, workers, ...none, memory: null };
}

/**
 * All subjects take part in each round, there and back in turns, so that a slow moment of the machine hits them alike.
 * @param {object} plan of options.mjs
 * @param {import("../subjects/subject.mjs").Subject[]} subjects
 * @param {(text: string) => void} say
 * @returns {Promise<import("../report/ratios.mjs").SubjectResults[]>}
 */
export async function measureAll(plan, subjects, say) {
  const results = subjects.map(emptyResults);
  const starts = subjects.map(({ pid }) => memoryOf(pid));
  for (const subject of subjects) {
    say(`warming up: ${subject.name}`);
    // each worker compiles what it runs often for itself
    const seconds = plan.warmUpSeconds * Math.max(1, subject.workers);
    await closedLoop(subject, { connections: plan.connections, seconds });
    await subject.settled();
  }
  for (const measure of plan.measures) {
    if (measures[measure] === undefined) continue;
    // what a stream takes of memory does not differ from round to round
    const rounds = measure === "idle" ? 1 : plan.rounds;
    for (let round = 0; round < rounds; round++) {
      say(`${measure}, round ${round + 1} of ${rounds}`);
      const order = [...subjects.keys()];
      if (round % 2 === 1) order.reverse();
      for (const index of order) results[index][measure].push(await measures[measure](subjects[index], plan));
    }
    // where held streams come after calls: "after the load" is before them
    if (measure === "idle") continue;
    subjects.forEach(({ pid }, index) => {
      const end = memoryOf(pid);
      if (end !== null) results[index].memory = { start: starts[index], end };
    });
  }
  return results;
}
