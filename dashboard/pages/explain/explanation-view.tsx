// What a decision was made from: the candidates, access and limits, and how the model is set up.
import type { ReactNode } from "react";
import type { ExplanationBody } from "../../../src/api/explain.ts";
import { Badge } from "../../components/badge.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { Table } from "../../components/data-table.tsx";
import { LimitsText } from "../../components/limits-text.tsx";
import { counted } from "../../format/figures.ts";
import { useReach } from "../../session/session.ts";
import { strategyTexts } from "../models/strategy-texts.ts";
import { candidateColumns, scoreTexts } from "./candidate-columns.tsx";
import { capitalized } from "./decision-card.tsx";

export function ExplanationView({ explanation }: { explanation: ExplanationBody }) {
  const seesTargets = useReach("explain") === "all";
  const { candidates, strategy } = explanation;
  return (
    <div className="flex flex-col gap-5">
      {seesTargets && candidates.length > 0 && (
        <Card
          title="Candidates"
          description={`All targets of the model, as they are now. Share: the chance of the first attempt. Order: which attempt it would get if all before failed. ${strategy === null ? "" : scoreTexts[strategy]}`}
          isFlush
        >
          <Table label="Candidates" columns={candidateColumns} rows={candidates} idOf={({ deployment }) => deployment} />
        </Card>
      )}
      <div className="grid grid-cols-1 items-start gap-5 md:grid-cols-2">
        <AccessCard explanation={explanation} />
        {strategy !== null && <RoutingCard explanation={explanation} strategy={strategy} />}
      </div>
    </div>
  );
}

function AccessCard({ explanation: { access, limits } }: { explanation: ExplanationBody }) {
  return (
    <Card title="Access and limits">
      <Facts
        facts={[
          [
            "Access",
            <span key="access">
              <Badge tone={access.allowed ? "good" : "bad"}>{access.allowed ? "allowed" : "refused"}</Badge>{" "}
              {capitalized(access.why)}
            </span>,
          ],
          [
            "Limits",
            limits.length === 0 ? (
              <span key="limits" className="text-muted">
                none
              </span>
            ) : (
              <ul key="limits" className="flex flex-col gap-1">
                {limits.map(({ owner, id, left, ...set }) => (
                  <li key={`${owner} ${id}`}>
                    of the {owner}: <LimitsText limits={set} />{" "}
                    <span className="text-muted">
                      (left: <LimitsText limits={{ ...left, budget_period: set.budget_period }} />)
                    </span>
                  </li>
                ))}
              </ul>
            ),
          ],
        ]}
      />
    </Card>
  );
}

interface RoutingCardProps {
  explanation: ExplanationBody;
  strategy: NonNullable<ExplanationBody["strategy"]>;
}

function RoutingCard({ explanation, strategy }: RoutingCardProps) {
  const { max_attempts: attempts, call_timeout: timeout, retries, hedge, session, kind } = explanation;
  const facts: (readonly [string, ReactNode])[] = [
    ["Kind", kind === "virtual" ? "virtual model" : "pool"],
    ["Strategy", `${strategyTexts[strategy].label}. ${strategyTexts[strategy].sentence}`],
    ["Attempts", attempts === null ? "–" : `at most ${attempts}`],
    ["Call ends after", timeout ?? "–"],
  ];
  if (retries !== null) {
    const timeouts = retries.on_timeout ? "timeouts are tried again too" : "timeouts are not tried again";
    facts.push(["Retries", `${counted(retries.left, "more", "more")} allowed at the moment; ${timeouts}`]);
  }
  if (hedge !== null) {
    const text =
      hedge.delay === null ? "" : `after ${hedge.delay}, ${counted(hedge.left, "more", "more")} allowed at the moment. `;
    facts.push(["Hedging", `${text}${capitalized(hedge.why)}`]);
  }
  if (strategy === "affinity") facts.push(["Session", session ?? "none"]);
  return (
    <Card title="Routing">
      <Facts facts={facts} />
    </Card>
  );
}
