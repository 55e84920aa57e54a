// The tables of identity.mjs, and whether the target was met.
import { phases } from "../measure/identity-phases.mjs";
import { median } from "./statistics.mjs";
import { markdown } from "./table.mjs";

const addedMsMax = 10;

/** Medians over the rounds; differences to (a) are taken within a round. @param {object[]} rounds of measureIdentityRound */
export function phaseTable(rounds) {
  const head = [
    "",
    "all p50 / p99",
    "to (a)",
    "keys p99",
    "to (a)",
    "tokens p99",
    "to (a)",
    "slowest",
    "ran / waited / others",
    "new tokens",
  ];
  const rows = Object.entries(phases).map(([name, { title, statuses }]) => [
    title,
    `${ms(middle(rounds, name, "all", "p50"))} / ${ms(middle(rounds, name, "all", "p99"))}`,
    name === "a" ? "–" : `${signed(added(rounds, name, "all", "p50"))} / ${signed(added(rounds, name, "all", "p99"))}`,
    ...["keys", "tokens"].flatMap((who) => [
      ms(middle(rounds, name, who, "p99")),
      name === "a" ? "–" : signed(added(rounds, name, who, "p99")),
    ]),
    ms(Math.max(...rounds.map((round) => round[name].all.max))),
    ["busy", "waited", "others"].map((what) => percent(median(rounds.map((round) => round[name][what])))).join(" / "),
    statuses.length === 0 ? "–" : answersOf(rounds, name),
  ]);
  const direct = `${ms(middle(rounds, "direct", "all", "p50"))} / ${ms(middle(rounds, "direct", "all", "p99"))}`;
  const slowest = ms(Math.max(...rounds.map((round) => round.direct.all.max)));
  return markdown([head, ["no proxy", direct, "–", "–", "–", "–", "–", slowest, "–", "–"], ...rows]);
}

/** @param {{ keyMicros: number, tokenMicros: number }} cost @param {{ key: object[], token: object[] }} calls of measureThroughput */
export function costTable({ keyMicros, tokenMicros }, calls) {
  const difference = tokenMicros - keyMicros;
  const rows = [
    ["", "Headgate key", "known token", "difference"],
    ["who calls (`authenticate` alone)", micros(keyMicros, 2), micros(tokenMicros, 2), micros(difference, 2, true)],
  ];
  for (const [title, name] of [
    ["CPU per request, all of it", "cpuMicrosPerRequest"],
    ["… of it on the main thread", "mainThreadMicrosPerRequest"],
  ]) {
    if (calls.key.some((round) => round[name] === undefined)) continue;
    const of = (kind) => median(calls[kind].map((round) => round[name]));
    const differences = calls.key.map((round, index) => calls.token[index][name] - round[name]);
    rows.push([title, micros(of("key"), 1), micros(of("token"), 1), micros(median(differences), 1, true)]);
  }
  return markdown(rows);
}

/**
 * Lines that say whether the target was met, by the worst phase and the worse of both kinds of callers. A run in which nothing but
 * the machine moved p99 by more than the target shows neither.
 */
export function identityTarget(rounds) {
  const all = ["b", "c", "d", "e"].flatMap((name) =>
    ["keys", "tokens"].map((who) => ({ name, who, addedMs: added(rounds, name, who, "p99") })),
  );
  const worst = all.reduce((found, next) => (next.addedMs > found.addedMs ? next : found));
  const noise = median(rounds.map((round) => round.noise));
  // nothing of what is done to Globus makes the others faster
  const resolution = Math.max(noise, ...all.map(({ addedMs }) => -addedMs));
  const verdict =
    resolution >= addedMsMax ? "NOT SHOWN, the machine moved it by more" : worst.addedMs < addedMsMax ? "met" : "MISSED";
  return [
    `Target, other callers' p99 moves by less than ${addedMsMax} ms: ${verdict} (at the most ${signed(worst.addedMs)}: ${worst.who} in (${worst.name}))`,
    `This run tells differences in p99 from about ${ms(resolution)} on; one half of (a) and the other differ by ${ms(noise)}`,
  ];
}

function middle(rounds, name, who, quantile) {
  return median(rounds.map((round) => round[name][who][quantile]));
}

function added(rounds, name, who, quantile) {
  return median(rounds.map((round) => round[name][who][quantile] - round.a[who][quantile]));
}

function answersOf(rounds, name) {
  const sums = new Map();
  for (const [status, count] of rounds.flatMap((round) => round[name].statuses))
    sums.set(status, (sums.get(status) ?? 0) + count);
  const sorted = [...sums].sort(([one], [other]) => one - other);
  return sorted.map(([status, count]) => `${count} × ${status}`).join(", ");
}

function ms(value) {
  return `${value.toFixed(1)} ms`;
}

function percent(share) {
  return Number.isFinite(share) ? `${Math.round(share * 100)} %` : "–";
}

function signed(value) {
  return `${value < 0 ? "−" : "+"}${ms(Math.abs(value))}`;
}

function micros(value, digits, isDifference = false) {
  const sign = isDifference ? (value < 0 ? "−" : "+") : "";
  return `${sign}${(isDifference ? Math.abs(value) : value).toFixed(digits)} µs`;
}
