// What models cost: from the catalogue, or set here.
import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import type { ModelPriceBody, PricesBody } from "../../../src/api/prices.ts";
import { listQuery } from "../../api/queries.ts";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { DataTable } from "../../components/data-table.tsx";
import { FilterSelect, Filters, SearchBox, useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { useCan } from "../../session/session.ts";
import { priceColumns } from "./price-columns.tsx";
import { PriceDialog } from "./price-dialog.tsx";
import { priceStatuses } from "./price-source.tsx";

export function PricesPage() {
  const { search: url } = useUrlFilters();
  const [edited, setEdited] = useState<ModelPriceBody | "new" | null>(null);
  const mayWrite = useCan("prices.write");
  const { search, status, cursor } = url;
  const query = useQuery(listQuery<ModelPriceBody>("models", "/prices", { search, status, cursor, limit: 50 }));
  const catalogue = (query.data as PricesBody | undefined)?.catalogue;
  return (
    <Page
      title="Prices"
      description="What models cost, in dollars per million tokens. A model without a price is counted in tokens, not in dollars."
      actions={
        mayWrite && (
          <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setEdited("new")}>
            Add price
          </Button>
        )
      }
    >
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by model" />
          <FilterSelect label="Price from" name="status" options={priceStatuses} />
        </Filters>
        <DataTable
          label="Prices"
          columns={priceColumns(mayWrite ? setEdited : null)}
          query={query}
          idOf={({ model }) => model}
          empty={<Empty search={search} status={status} />}
        />
        {catalogue && (
          <p className="border-t border-line px-4 py-2.5 text-sm text-muted">
            Catalogue: <code className="font-mono text-xs">{catalogue.name}</code> {catalogue.version}, prices of{" "}
            {catalogue.date.slice(0, 10)}. What is set here comes before it.
          </p>
        )}
      </Card>
      {edited !== null && <PriceDialog row={edited === "new" ? null : edited} onClose={() => setEdited(null)} />}
    </Page>
  );
}

function Empty({ search, status }: { search: string | undefined; status: string | undefined }) {
  if (search !== undefined)
    return <EmptyState title={`No model matches “${search}”`}>Names that callers use are searched.</EmptyState>;
  if (status === "unpriced") return <EmptyState title="Every model has a price" />;
  if (status !== undefined) return <EmptyState title="No model's price is like that" />;
  return <EmptyState title="No models yet">The prices of models appear here with the models.</EmptyState>;
}
