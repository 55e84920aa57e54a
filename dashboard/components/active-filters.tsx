// What the report is narrowed to, each with a way to take it back.
import { useQuery } from "@tanstack/react-query";
import { X } from "lucide-react";
import { itemQuery } from "../api/queries.ts";
import { useCan } from "../session/session.ts";
import { useUrlFilters } from "./filters.tsx";

type FilterName = "model" | "endpoint" | "key" | "user" | "group";

export function ActiveFilters({ names }: { names: readonly FilterName[] }) {
  const { search, set } = useUrlFilters();
  const active = names.flatMap((name) => (search[name] === undefined ? [] : [[name, search[name]] as const]));
  if (active.length === 0) return null;
  return (
    <ul aria-label="Narrowed to" className="flex flex-wrap gap-2 empty:hidden">
      {active.map(([name, value]) => (
        <li key={name} className="max-w-full">
          <button
            type="button"
            title={value}
            className="inline-flex min-h-8 max-w-full items-center gap-1.5 rounded-full border border-line-strong/60 bg-surface px-3 py-1 text-sm hover:bg-raised"
            onClick={() => set({ [name]: undefined })}
          >
            <span className="flex-none text-muted">{name}</span>
            <bdi className="min-w-0 truncate">
              {name === "model" || name === "endpoint" ? value : <NameOf what={name} id={value} />}
            </bdi>
            <X size={14} className="flex-none" aria-label="Take this filter away" />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** The URL has ids, people have names. What is gone, or not for the role, keeps its id. */
function NameOf({ what, id }: { what: "key" | "user" | "group"; id: string }) {
  const mayKnow = useCan(`${what}s.read`);
  const query = useQuery({
    ...itemQuery<{ name: string }>(`${what}s`, `/${what}s/${encodeURIComponent(id)}`),
    enabled: mayKnow,
  });
  return <>{query.data?.name ?? id}</>;
}
