// Sets what a model costs, beside what it costs now and what the catalogue says.
import { useState } from "react";
import type { ModelPriceBody } from "../../../src/api/prices.ts";
import { put, remove } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { toast } from "../../components/toasts.tsx";
import { cataloguePricesOf, isSamePrice, mainPrices, pricesOf, spanOf } from "./price-texts.ts";

type Typed = Record<(typeof mainPrices)[number][0], string>;

const optional = new Set(["cached_input_usd_per_million", "cache_write_usd_per_million"]);
const pathOf = (model: string) => `/prices/${encodeURIComponent(model)}`;
const refresh = () => queryClient.invalidateQueries({ queryKey: ["models"] });

/** `row` null: of a model that is named in the dialog. */
export function PriceDialog({ row, onClose }: { row: ModelPriceBody | null; onClose: () => void }) {
  const [model, setModel] = useState(row?.model ?? "");
  const [typed, setTyped] = useState<Typed>(() => typedOf(row));
  const [isRemoving, setRemoving] = useState(false);
  if (row !== null && isRemoving) return <RemoveDialog row={row} onClose={onClose} />;
  const save = () => {
    const given = Object.entries(typed).filter(([, text]) => text.trim() !== "");
    return put<ModelPriceBody>(pathOf(model.trim()), Object.fromEntries(given.map(([name, text]) => [name, Number(text)])));
  };
  return (
    <Dialog
      title={row === null ? "Add a price" : `Price of “${row.model}”`}
      description="Dollars per million tokens, from the next call on and at every endpoint. What is recorded keeps the price that it was counted with."
      onClose={onClose}
    >
      <Form
        submitLabel="Save price"
        onSubmit={save}
        onDone={(saved) => {
          toast(`The price of “${saved.model}” is set.`);
          void refresh();
          onClose();
        }}
        onCancel={onClose}
        extraActions={
          row?.override && (
            <Button className="mr-auto" onClick={() => setRemoving(true)}>
              Remove price
            </Button>
          )
        }
      >
        {row === null && (
          <TextField
            label="Model"
            name="model"
            required
            maxLength={256}
            hint="The name that callers use. It need not be there yet."
            value={model}
            onChange={setModel}
          />
        )}
        <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
          {mainPrices.map(([field, label]) => (
            <TextField
              key={field}
              label={label}
              name={field}
              inputMode="decimal"
              pattern="[0-9]+([.][0-9]{1,9})?"
              title="Dollars, such as 0.15; 0 is a price"
              {...(optional.has(field) ? { isOptional: true, placeholder: "as input" } : { required: true })}
              hint={row !== null && <Beside row={row} field={field} />}
              value={typed[field]}
              onChange={(text) => setTyped({ ...typed, [field]: text })}
            />
          ))}
        </div>
      </Form>
    </Dialog>
  );
}

/** What it is now, and what the catalogue says. */
function Beside({ row, field }: { row: ModelPriceBody; field: keyof Typed }) {
  const [now, catalogue] = [spanOf(pricesOf(row), field), spanOf(cataloguePricesOf(row), field)];
  return (
    <>
      now {now === "–" ? "no price" : now}
      <br />
      catalogue {catalogue === "–" ? "has none" : catalogue}
    </>
  );
}

function RemoveDialog({ row, onClose }: { row: ModelPriceBody; onClose: () => void }) {
  const confirm = async () => {
    await remove(pathOf(row.model));
    toast(`“${row.model}” has no price set here any more.`);
    await refresh();
  };
  const isInCatalogue = cataloguePricesOf(row).length > 0;
  return (
    <ConfirmDialog
      title={`Remove the price of “${row.model}”?`}
      confirmLabel="Remove price"
      onConfirm={confirm}
      onClose={onClose}
    >
      {isInCatalogue
        ? "From the next call on it costs what the catalogue says."
        : "The catalogue has no price of it: from the next call on its cost is unknown, and budgets that refuse models without a price refuse it."}
    </ConfirmDialog>
  );
}

/** What holds now, where that is one price: cached tokens must not become dear because a field was left empty. */
function typedOf(row: ModelPriceBody | null): Typed {
  const prices = row === null ? [] : pricesOf(row);
  const price = prices.every((other) => isSamePrice(other, prices[0] ?? null)) ? (prices[0] ?? null) : null;
  const text = (field: keyof Typed) => (price === null ? "" : plain(price[field]));
  return Object.fromEntries(mainPrices.map(([field]) => [field, text(field)])) as Typed;
}

/** Without an exponent, which no field takes. */
function plain(value: number): string {
  const text = String(value);
  return text.includes("e") ? value.toFixed(9).replace(/\.?0+$/, "") : text;
}
