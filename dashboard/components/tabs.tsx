// Parts of a page of which one is shown; which one is in the URL as `?tab=`.
import { Tabs as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useUrlFilters } from "./filters.tsx";

export interface Tab {
  id: string;
  label: string;
  content: ReactNode;
}

/** The first one is shown when the URL names none. Only the shown one is rendered. */
export function Tabs({ label, tabs, name = "tab" }: { label: string; tabs: readonly Tab[]; name?: string }) {
  const { search, set } = useUrlFilters();
  const shown = tabs.find(({ id }) => id === search[name]) ?? tabs[0];
  if (shown === undefined) return null;
  return (
    <Radix.Root value={shown.id} onValueChange={(id) => set({ [name]: id === tabs[0]?.id ? undefined : id })}>
      <Radix.List aria-label={label} className="flex gap-1 overflow-x-auto border-b border-line">
        {tabs.map(({ id, label: text }) => (
          <Radix.Trigger
            key={id}
            value={id}
            className="-mb-px border-b-2 border-transparent px-3 py-2 text-sm font-medium whitespace-nowrap text-muted -outline-offset-2 hover:text-ink data-[state=active]:border-accent data-[state=active]:text-ink"
          >
            {text}
          </Radix.Trigger>
        ))}
      </Radix.List>
      <Radix.Content value={shown.id} className="pt-4 outline-offset-4">
        {shown.content}
      </Radix.Content>
    </Radix.Root>
  );
}
