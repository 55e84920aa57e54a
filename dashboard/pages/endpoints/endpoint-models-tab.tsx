// The models of an endpoint: searched and paged by the server.
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import type { ModelBody } from "../../../src/api/models.ts";
import { listQuery } from "../../api/queries.ts";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { Filters, SearchBox, useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { count } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";
import { AddModelDialog } from "./add-model-dialog.tsx";
import { ChooseModelsDialog } from "./choose-models-dialog.tsx";
import { endpointModelColumns } from "./endpoint-model-columns.tsx";
import { modelRows } from "./model-rows.ts";

export function EndpointModelsTab({ endpoint }: { endpoint: EndpointBody }) {
  const { search: url } = useUrlFilters();
  const [open, setOpen] = useState<"add" | "choose" | null>(null);
  const canChangeModels = useCan("models.write");
  const isManaged = useCan("endpoints.write") && endpoint.origin !== "manifest";
  const query = useQuery({
    ...listQuery<ModelBody>("models", "/models", {
      endpoint: endpoint.name,
      kind: "pool",
      search: url.search,
      cursor: url.cursor,
      limit: 50,
    }),
    select: (list) => ({ ...list, data: modelRows(list.data, endpoint.id) }),
  });
  const close = () => setOpen(null);
  const empty = url.search ? (
    <EmptyState title={`No model matches “${url.search}”`}>Names for callers are searched.</EmptyState>
  ) : (
    <EmptyState title="No models yet">
      {isManaged
        ? "Synchronize to ask the provider for its models, or add one by its id at the provider."
        : "They appear when the endpoint lists some."}
    </EmptyState>
  );
  return (
    <Card
      isFlush
      title="Models"
      description={followedText(endpoint)}
      actions={
        isManaged && (
          <>
            <Button onClick={() => setOpen("choose")}>Choose models</Button>
            <Button icon={<Plus size={16} aria-hidden />} onClick={() => setOpen("add")}>
              Add model
            </Button>
          </>
        )
      }
    >
      <Filters>
        <SearchBox label="Search models" />
      </Filters>
      <DataTable
        label={`Models of ${endpoint.name}`}
        columns={endpointModelColumns({ endpoint, canChangeModels })}
        query={query}
        idOf={({ deployment }) => deployment.id}
        empty={empty}
      />
      {open === "add" && <AddModelDialog endpoint={endpoint} onClose={close} />}
      {open === "choose" && <ChooseModelsDialog endpoint={endpoint} onClose={close} />}
    </Card>
  );
}

function followedText({ origin, models }: EndpointBody): string {
  if (origin === "manifest") return "As the manifest lists them.";
  return models === "all" ? "Follows the provider: what it lists is here." : `Only chosen models: ${count(models.length)}.`;
}
