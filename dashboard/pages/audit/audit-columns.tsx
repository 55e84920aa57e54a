// What the audit log shows of each change.
import type { AuditEntryBody } from "../../../src/api/audit.ts";
import type { Column } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { exactTime } from "../../components/time.tsx";
import { ChangedFields } from "./changed-fields.tsx";

export const auditColumns: readonly Column<AuditEntryBody>[] = [
  {
    header: "Time",
    cell: ({ at }) => (
      <time dateTime={at} className="whitespace-nowrap tabular-nums">
        {exactTime(at)}
      </time>
    ),
  },
  { header: "Who", cell: ({ actor }) => <Filtering name="actor_id" value={actor.id} label={actor.name} /> },
  { header: "Address", cell: ({ address }) => (address === null ? "" : <code className="font-mono text-xs">{address}</code>) },
  {
    header: "Change",
    isName: true,
    cell: ({ action, resource }) => (
      <>
        <span className="block">{action.replace(".", " ").replaceAll("_", " ")}</span>
        <Filtering name="resource_id" value={resource.id} label={resource.name ?? resource.id ?? ""} />
      </>
    ),
  },
  { header: "Before and after", cell: (entry) => <ChangedFields before={entry.before} after={entry.after} /> },
];

/** A name that narrows the log to it. */
function Filtering({ name, value, label }: { name: string; value: string | null; label: string }) {
  const { set } = useUrlFilters();
  if (value === null) return <span className="font-normal">{label}</span>;
  return (
    <button
      type="button"
      title="Only these"
      className="py-0.5 text-left font-normal text-accent-strong hover:underline"
      onClick={() => set({ [name]: value })}
    >
      {label}
    </button>
  );
}
