// Which model a column talks to: only those that one may use oneself.
import type { CatalogueModelBody } from "../../../src/api/models.ts";
import { useUrlFilters } from "../../components/filters.tsx";
import { Picker } from "../../components/picker.tsx";

/** `name`: the parameter of the URL that holds it. */
export function ModelChoice({ label, name }: { label: string; name: "model" | "second" }) {
  const { search, set } = useUrlFilters();
  const model = search[name];
  return (
    <Picker<CatalogueModelBody>
      label={label}
      topic="models"
      path="/models"
      query={{ usable: "true" }}
      choiceOf={({ name: found }) => ({ id: found, label: found })}
      chosen={model === undefined ? null : { id: model, label: model }}
      onChange={(choice) => set({ [name]: choice?.id }, { isReplacing: true })}
      placeholder="Type to search the models you may use"
    />
  );
}
