// What one model costs, on its own page.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { ModelPriceBody } from "../../../src/api/prices.ts";
import { itemQuery } from "../../api/queries.ts";
import { Button, LinkButton } from "../../components/button.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { isGone } from "../../components/not-there.tsx";
import { ErrorState, Skeleton } from "../../components/notice.tsx";
import { useCan } from "../../session/session.ts";
import { PriceDialog } from "./price-dialog.tsx";
import { PriceParticulars } from "./price-particulars.tsx";
import { PriceSource } from "./price-source.tsx";
import { isSamePrice, mainPrices, originOf, pricesOf, spanOf } from "./price-texts.ts";

export function ModelPriceCard({ model }: { model: string }) {
  const mayWrite = useCan("prices.write");
  const mayRead = useCan("prices.read");
  const [isEditing, setEditing] = useState(false);
  const query = useQuery({
    ...itemQuery<ModelPriceBody>("models", `/prices/${encodeURIComponent(model)}`),
    enabled: mayRead,
  });
  if (!mayRead || isGone(query.error)) return null;
  const row = query.data;
  return (
    <Card
      title="Price"
      description="In dollars per million tokens."
      actions={
        <>
          {mayWrite && row && (
            <Button onClick={() => setEditing(true)}>{row.override === null ? "Set price" : "Change price"}</Button>
          )}
          <LinkButton to="/prices" search={{ search: model } as never}>
            All prices
          </LinkButton>
        </>
      }
    >
      {query.isPending && <Skeleton lines={2} />}
      {query.isError && row === undefined && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {row && <Price row={row} />}
      {row && isEditing && <PriceDialog row={row} onClose={() => setEditing(false)} />}
    </Card>
  );
}

function Price({ row }: { row: ModelPriceBody }) {
  const prices = pricesOf(row);
  const [first] = prices;
  const isOne = prices.every((price) => isSamePrice(price, first ?? null));
  return (
    <div className="flex flex-col gap-3">
      <Facts
        facts={[
          [
            "From",
            <span key="from" className="flex flex-wrap items-center gap-2">
              <PriceSource status={row.status} />
              {isOne && first?.source === "catalogue" && <span className="text-muted">{originOf(first)}</span>}
            </span>,
          ],
          ...(prices.length === 0 ? [] : mainPrices.map(([field, label]) => [label, spanOf(prices, field)] as const)),
        ]}
      />
      {row.status === "unpriced" && (
        <p className="text-sm text-muted">
          What its calls cost is in no sum, and budgets refuse them unless they are told otherwise. 0 is a price.
        </p>
      )}
      <PriceParticulars row={row} />
    </div>
  );
}
