// The tables of console.mjs, and whether the targets were met.
import { median } from "./statistics.mjs";
import { markdown } from "./table.mjs";

const pageMsMax = 300;
/** Where two halves happen to be alike, a difference below this is nothing that a caller could tell. */
const noticeableMs = 1;

/**
 * @typedef {object} EngineResults
 * @property {string} engine
 * @property {{ who: string, page: string, rows: number, bytes: number, medianMs: number, worstMs: number }[]} pages of measurePages
 * @property {object[]} clicking rounds of measureClicking
 */

/** A row per page and asker, median and slowest on each engine. @param {EngineResults[]} results */
export function pagesTable(results) {
  const [first] = results;
  const head = ["who, page", "rows", "kB", ...results.map(({ engine }) => `${engine}: median / slowest`)];
  const rows = first.pages.map(({ who, page, rows: count, bytes }, index) => [
    `${who} \`${page}\``,
    String(count),
    (bytes / 1000).toFixed(0),
    ...results.map(({ pages }) => `${ms(pages[index].medianMs)} / ${ms(pages[index].worstMs)}`),
  ]);
  return markdown([head, ...rows]);
}

/** Medians over the rounds; the difference is taken within a round. @param {EngineResults[]} results */
export function clickingTable(results) {
  const head = ["calls, p50 / p99", "nobody clicks", "somebody clicks", "p99 moves by", "machine alone moves it by"];
  const rows = results.map(({ engine, clicking }) => {
    const of = (name) => `${ms(middle(clicking, name, "p50"))} / ${ms(middle(clicking, name, "p99"))}`;
    return [engine, of("quiet"), of("clicks"), ms(movedBy(clicking)), ms(median(clicking.map(({ noise }) => noise)))];
  });
  return markdown([head, ...rows]);
}

/** Lines that say whether the targets were met. @param {EngineResults[]} results */
export function consoleTargets(results) {
  return results.flatMap(({ engine, pages, clicking }) => {
    const slow = pages.filter(({ medianMs }) => medianMs >= pageMsMax).map(({ who, page }) => `${who} ${page}`);
    const moved = movedBy(clicking);
    const noise = median(clicking.map((round) => round.noise));
    const stays = moved <= Math.max(noise, noticeableMs) ? "met" : "MISSED";
    return [
      `${engine}, every page's data in less than ${pageMsMax} ms: ${slow.length === 0 ? "met" : `MISSED by ${slow.join(", ")}`}`,
      `${engine}, callers' p99 does not move while somebody clicks: ${stays} (${ms(moved)}; the machine alone ${ms(noise)})`,
    ];
  });
}

function movedBy(rounds) {
  return median(rounds.map(({ quiet, clicks }) => clicks.p99 - quiet.p99));
}

function middle(rounds, turn, quantile) {
  return median(rounds.map((round) => round[turn][quantile]));
}

function ms(value) {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}
