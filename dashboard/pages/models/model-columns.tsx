// What the list of models shows of each to those who see what stands behind them.
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { ModelBody } from "../../../src/api/models.ts";
import { StatusBadge } from "../../components/badge.tsx";
import type { Column } from "../../components/data-table.tsx";
import { LimitsCell } from "../../components/limits-cell.tsx";
import { HealthCounts } from "./health-text.tsx";

const namesShown = 3;

export const modelColumns: readonly Column<ModelBody>[] = [
  { header: "Name", isName: true, cell: (model) => <ModelLink model={model} /> },
  {
    header: "Kind",
    cell: ({ kind, strategy }) => <TwoLines first={kind} second={strategy} />,
  },
  { header: "Status", cell: ({ status }) => <StatusBadge status={status} /> },
  {
    header: "Deployments",
    cell: ({ deployments }) => (
      <TwoLines
        first={<HealthCounts deployments={deployments} />}
        second={<SomeNames names={[...new Set(deployments.map(({ endpoint }) => endpoint))]} />}
      />
    ),
  },
  { header: "Who may use it", cell: ({ groups }) => <GroupsText groups={groups} /> },
  { header: "Limits", cell: ({ id, limits }) => <LimitsCell kind="model" id={id} limits={limits} /> },
];

function TwoLines({ first, second }: { first: ReactNode; second: ReactNode }) {
  return (
    <span className="flex min-w-0 flex-col max-md:items-end">
      <span>{first}</span>
      <span className="text-xs text-muted">{second}</span>
    </span>
  );
}

function SomeNames({ names }: { names: readonly string[] }) {
  const rest = names.length - namesShown;
  return (
    <span title={rest > 0 ? names.join(", ") : undefined}>
      {names.slice(0, namesShown).join(", ")}
      {rest > 0 && ` and ${rest} more`}
    </span>
  );
}

export function ModelLink({ model: { id, name } }: { model: { id: string; name: string } }) {
  return (
    <Link to="/models/$id" params={{ id } as never} className="text-accent-strong hover:underline">
      {name}
    </Link>
  );
}

/** `isWhole`: all of them, however many. */
export function GroupsText({ groups, isWhole = false }: { groups: ModelBody["groups"]; isWhole?: boolean }) {
  if (groups === null) return <span className="whitespace-nowrap text-muted">all who are granted it</span>;
  return isWhole ? groups.join(", ") : <SomeNames names={groups} />;
}
