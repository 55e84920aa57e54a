// The settings of a model at a glance.
import type { ModelBody } from "../../../src/api/models.ts";
import { Card, Facts } from "../../components/card.tsx";
import { LimitsText } from "../../components/limits-text.tsx";
import { Time } from "../../components/time.tsx";
import { percent } from "../../format/figures.ts";
import { GroupsText } from "./model-columns.tsx";
import { strategyTexts } from "./strategy-texts.ts";

export function ModelSummary({ model }: { model: ModelBody }) {
  const { strategy, max_attempts: attempts, hedge, timeouts, groups, limits } = model;
  const told = Object.entries(timeouts).map(([name, value]) => `${name.replace("_", " ")} ${value}`);
  const { label, sentence } = strategyTexts[strategy];
  return (
    <Card title="Routing">
      <Facts
        facts={[
          [
            "Strategy",
            <span key="strategy">
              {label}. <span className="text-muted">{sentence}</span>
            </span>,
          ],
          ["Attempts of one call", attempts ?? "every target once, at most 4"],
          [
            "Hedging",
            hedge === null ? "off" : `at most ${percent(hedge.extra_traffic)} of the calls, after ${hedge.min_delay} or later`,
          ],
          ["Timeouts", told.length === 0 ? "those of its endpoints" : told.join(", ")],
          ["Who may use it", <GroupsText key="groups" groups={groups} isWhole />],
          ["Limits of all callers", <LimitsText key="limits" limits={limits} />],
          ["Created", <Time key="created" at={model.created_at} />],
          ["Changed", <Time key="changed" at={model.updated_at} />],
        ]}
      />
    </Card>
  );
}
