// How the cost of a request comes about: tokens times price, attempt by attempt, and what has been adjusted since.
import type { AttemptBody, RequestBody } from "../../../src/api/requests.ts";
import { Card } from "../../components/card.tsx";
import { type Column, Table } from "../../components/data-table.tsx";
import { exactTime } from "../../components/time.tsx";
import { count, exactUsd } from "../../format/figures.ts";
import { originOf } from "../prices/price-texts.ts";
import { type CostLine, costLines } from "./cost-lines.ts";

const columns: readonly Column<CostLine>[] = [
  {
    header: "What",
    isName: true,
    cell: ({ what, isSum }) => <span className={isSum ? "font-semibold" : "font-normal"}>{what}</span>,
  },
  { header: "Tokens", isNumber: true, cell: ({ tokens }) => (tokens === null ? "" : count(tokens)) },
  {
    header: "Per million",
    isNumber: true,
    cell: ({ usdPerMillion }) => (usdPerMillion === null ? "" : `× ${exactUsd(usdPerMillion)}`),
  },
  {
    header: "Dollars",
    isNumber: true,
    cell: (line) => <span className={line.isSum ? "font-semibold" : ""}>{dollarsOf(line)}</span>,
  },
];

/** What is no product of the other figures is added as it is. */
function dollarsOf({ usd, isSum, tokens }: CostLine): string {
  if (isSum) return exactUsd(usd);
  if (tokens !== null) return `= ${exactUsd(usd)}`;
  return `${usd < 0 ? "−" : "+"} ${exactUsd(Math.abs(usd))}`;
}

export function CostCard({ request, seesEndpoints }: { request: RequestBody; seesEndpoints: boolean }) {
  const { attempts, cost_usd: total } = request;
  const isOne = attempts.length === 1;
  return (
    <Card
      title="Cost"
      description="Tokens times dollars per million tokens, at the price of the moment. Every attempt counts, failed ones too."
      isFlush
    >
      <div className="divide-y divide-line">
        {attempts.map((attempt, index) => (
          <AttemptCost key={attempt.id} attempt={attempt} name={nameOf(attempt, index, { isOne, seesEndpoints })} />
        ))}
      </div>
      {!isOne && (
        <p className="flex justify-between gap-4 border-t border-line px-4 py-2.5 font-semibold tabular-nums">
          <span>All attempts</span>
          <span>{total === null ? "not known" : exactUsd(total)}</span>
        </p>
      )}
    </Card>
  );
}

function nameOf(
  { endpoint }: AttemptBody,
  index: number,
  { isOne, seesEndpoints }: { isOne: boolean; seesEndpoints: boolean },
): string | null {
  if (isOne) return null;
  return seesEndpoints && endpoint !== null ? `Attempt ${index + 1}, ${endpoint}` : `Attempt ${index + 1}`;
}

function AttemptCost({ attempt, name }: { attempt: AttemptBody; name: string | null }) {
  const lines = costLines(attempt);
  return (
    <section className="min-w-0">
      {name !== null && <h3 className="px-4 pt-3 font-medium">{name}</h3>}
      {lines.length > 0 && (
        <Table label={`Cost${name === null ? "" : ` of ${name}`}`} columns={columns} rows={lines} idOf={({ id }) => id} />
      )}
      <ul className="flex flex-col gap-1 px-4 py-3 text-sm text-muted">
        {remarksOn(attempt).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
    </section>
  );
}

/** What the figures alone don't say. */
function remarksOn(attempt: AttemptBody): string[] {
  const { price = null, cost_usd: cost, state, usage_source: source, adjustments } = attempt;
  if (state === "in_progress") return ["It still runs: what it costs is known when it has ended."];
  const reasons = adjustments.map(
    ({ at, reason, price_version: version }) =>
      `Adjusted on ${exactTime(at)}: ${reason}${version === null ? "" : ` (price ${version})`}.`,
  );
  if (cost === null) {
    return ["No price: the model had none at this endpoint. The tokens are counted, what they cost is in no sum.", ...reasons];
  }
  return [
    ...(price === null ? [] : [`Price: ${originOf(price)} (${price.version}).`]),
    ...(source === "estimated"
      ? ["Estimated: the provider did not say how many tokens it was, so they are counted from the bytes."]
      : []),
    ...reasons,
  ];
}
