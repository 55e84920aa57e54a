// What the table of prices shows of each model.
import { Link } from "@tanstack/react-router";
import type { ModelPriceBody } from "../../../src/api/prices.ts";
import { Button } from "../../components/button.tsx";
import type { Column } from "../../components/data-table.tsx";
import { PriceParticulars } from "./price-particulars.tsx";
import { PriceSource } from "./price-source.tsx";
import { mainPrices, pricesOf, spanOf } from "./price-texts.ts";

/** `onEdit` null: one may not. */
export function priceColumns(onEdit: ((row: ModelPriceBody) => void) | null): readonly Column<ModelPriceBody>[] {
  return [
    {
      header: "Model",
      isName: true,
      cell: (row) => (
        <span className="flex min-w-0 flex-col items-start gap-1">
          <Link to="/models" search={{ search: row.model } as never} className="text-accent-strong hover:underline">
            {row.model}
          </Link>
          <PriceParticulars row={row} />
        </span>
      ),
    },
    { header: "Price from", cell: ({ status }) => <PriceSource status={status} /> },
    ...mainPrices.map(([field, label]) => ({
      header: label,
      isNumber: true,
      cell: (row: ModelPriceBody) => spanOf(pricesOf(row), field),
    })),
    ...(onEdit === null
      ? []
      : [
          {
            header: "Actions",
            isUnnamed: true,
            isNumber: true,
            cell: (row: ModelPriceBody) => (
              <Button
                aria-label={`${row.override === null ? "Set" : "Change"} price of ${row.model}`}
                onClick={() => onEdit(row)}
              >
                {row.override === null ? "Set price" : "Change price"}
              </Button>
            ),
          },
        ]),
  ];
}
