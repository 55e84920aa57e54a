// The deployments behind a model: how each is now, its part of the settings and of yesterday's calls.
import { useQuery } from "@tanstack/react-query";
import type { ModelBody } from "../../../src/api/models.ts";
import type { UsageReport } from "../../../src/api/usage.ts";
import { itemQuery } from "../../api/queries.ts";
import { LinkButton } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { Table } from "../../components/data-table.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { useCan } from "../../session/session.ts";
import { deploymentColumns, type Traffic } from "./deployment-columns.tsx";

export function DeploymentsTab({ model }: { model: ModelBody }) {
  const canEdit = useCan("models.write");
  const usage = useQuery(itemQuery<UsageReport>("usage", "/usage", { model: model.name, group_by: "endpoint" }));
  const traffic = usage.data && trafficOf(usage.data);
  const isVirtual = model.kind === "virtual";
  const { deployments } = model;
  return (
    <Card
      title={isVirtual ? "Targets" : "Deployments"}
      description={
        isVirtual ? "In their order. The share is of the calls of this name." : "All that have this name, with how they are now."
      }
      actions={
        canEdit &&
        deployments.length > 0 && (
          <LinkButton to="." search={{ tab: "settings" } as never}>
            {isVirtual ? "Edit targets" : "Edit weights"}
          </LinkButton>
        )
      }
      isFlush
    >
      {deployments.length === 0 ? (
        <EmptyState title={isVirtual ? "It has no target left" : "It has no deployment left"}>
          {isVirtual
            ? "The deployments that it pointed to are gone. Calls get 503 until it has a target again."
            : "No endpoint lists it any more. It stays because it is limited or restricted to groups."}
        </EmptyState>
      ) : (
        <Table
          label={isVirtual ? "Targets" : "Deployments"}
          columns={deploymentColumns(traffic)}
          rows={deployments}
          idOf={({ id }) => id}
        />
      )}
    </Card>
  );
}

function trafficOf({ data }: UsageReport): Traffic {
  const rows = data.flatMap(({ endpoint, requests }) => (endpoint ? [[endpoint, requests] as const] : []));
  return { byEndpoint: new Map(rows), total: rows.reduce((sum, [, requests]) => sum + requests, 0) };
}
