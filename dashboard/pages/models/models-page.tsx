// The models: for some all of them with what stands behind, for others the catalogue of what they may use; making a virtual one.
import { useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { FilterSelect, Filters, SearchBox } from "../../components/filters.tsx";
import { Page } from "../../components/page.tsx";
import { useCan, useReach } from "../../session/session.ts";
import { CatalogueDataTable } from "./catalogue-data-table.tsx";
import { EndpointFilter } from "./endpoint-filter.tsx";
import { ModelsDataTable } from "./models-data-table.tsx";
import { NewVirtualModelDialog } from "./new-virtual-model-dialog.tsx";

const anyStatus = ["", "All statuses"] as const;
const catalogueStatuses = [anyStatus, ["active", "Active"], ["offline", "Offline"]] as const;
const statuses = [...catalogueStatuses, ["disabled", "Disabled"]] as const;
const kinds = [
  ["", "All kinds"],
  ["pool", "Pools"],
  ["virtual", "Virtual models"],
] as const;

export function ModelsPage() {
  return useReach("models.read") === "all" ? <AllModels /> : <Catalogue />;
}

function AllModels() {
  const [isAdding, setAdding] = useState(false);
  const navigate = useNavigate();
  const mayWrite = useCan("models.write");
  return (
    <Page
      title="Models"
      description="What callers use. A pool is all deployments of one name; a virtual model is a name over targets that you choose."
      actions={
        mayWrite && (
          <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
            Create virtual model
          </Button>
        )
      }
    >
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by name" />
          <FilterSelect label="Status" name="status" options={statuses} />
          <FilterSelect label="Kind" name="kind" options={kinds} />
          <EndpointFilter />
        </Filters>
        <ModelsDataTable />
      </Card>
      {isAdding && (
        <NewVirtualModelDialog
          onClose={() => setAdding(false)}
          onDone={({ id }) => void navigate({ to: "/models/$id", params: { id } as never })}
        />
      )}
    </Page>
  );
}

function Catalogue() {
  return (
    <Page title="Models" description="The models that you may use, with your keys or in the playground.">
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by name" />
          <FilterSelect label="Status" name="status" options={catalogueStatuses} />
        </Filters>
        <CatalogueDataTable />
      </Card>
    </Page>
  );
}
