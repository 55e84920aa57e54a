// A budget in dollars: how much, for how long, where its days begin, and what is done with models that have no price.
import type { BudgetPeriod } from "../../src/domain/limits.ts";
import { SelectField, TextField } from "./form.tsx";
import { TimeZoneField } from "./time-zone-field.tsx";
import type { TypedLimits } from "./typed-limits.ts";

const periods: readonly (readonly [BudgetPeriod, string])[] = [
  ["day", "A day"],
  ["week", "A week"],
  ["month", "A month"],
  ["total", "In all"],
];

const unpriced = [
  ["deny", "Refuse their calls"],
  ["allow", "Let them through, uncounted"],
] as const;

const unpricedHints = {
  deny: "What a call costs must be known: a model without a price is refused. A price of 0 is a price.",
  allow: "Calls of models without a price take nothing from the budget, whatever they really cost.",
} as const;

export function BudgetFields({ value, onChange }: { value: TypedLimits; onChange: (value: TypedLimits) => void }) {
  const { budgetUsd, budgetPeriod: period, budgetTimeZone: zone } = value;
  const hasBudget = budgetUsd.trim() !== "";
  return (
    <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
      <TextField
        label="Budget in dollars"
        name="limits.budget_usd"
        hint="What its calls may cost together. 0: only what costs nothing."
        isOptional
        inputMode="decimal"
        pattern="[0-9]+([.][0-9]{1,9})?"
        title="Dollars, such as 25 or 0.50"
        value={budgetUsd}
        onChange={(typed) => onChange({ ...value, budgetUsd: typed })}
      />
      {hasBudget && (
        <>
          <SelectField
            label="Period"
            name="limits.budget_period"
            hint={beginning(period)}
            options={periods}
            value={period}
            onChange={(chosen) => onChange({ ...value, budgetPeriod: chosen as BudgetPeriod })}
          />
          {period !== "total" && (
            <TimeZoneField
              label="Time zone"
              name="limits.budget_timezone"
              value={zone}
              onChange={(typed) => onChange({ ...value, budgetTimeZone: typed })}
            />
          )}
          <SelectField
            label="Models without a price"
            name="limits.budget_unpriced"
            hint={unpricedHints[value.budgetUnpriced]}
            options={unpriced}
            value={value.budgetUnpriced}
            onChange={(chosen) => onChange({ ...value, budgetUnpriced: chosen as "deny" | "allow" })}
          />
        </>
      )}
    </div>
  );
}

function beginning(period: BudgetPeriod): string {
  if (period === "total") return "It never begins anew by itself.";
  if (period === "day") return "Begins anew at midnight.";
  return period === "week" ? "Begins anew on Monday at midnight." : "Begins anew on the first of the month at midnight.";
}
