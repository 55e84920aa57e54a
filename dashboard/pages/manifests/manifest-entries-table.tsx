// The entries of a manifest, with a search: they all come with it.
import { useState } from "react";
import type { ManifestBody } from "../../../src/api/manifests.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { type Column, Table } from "../../components/data-table.tsx";
import { controlClass } from "../../components/form.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { count } from "../../format/figures.ts";

type Entry = ManifestBody["entries"][number];

const shownAtOnce = 100;
const modelsShown = 4;

const columns: readonly Column<Entry>[] = [
  { header: "Key", isName: true, cell: ({ key }) => <code className="font-mono text-sm">{key}</code> },
  { header: "Endpoint id", cell: ({ endpoint_id: id }) => (id === null ? <span className="text-muted">not readable</span> : id) },
  { header: "Status", cell: ({ status }) => <StatusBadge status={status} /> },
  { header: "Models", cell: ({ models }) => <Models models={models} /> },
  { header: "Remark", cell: ({ error }) => error !== null && <span className="text-sm text-muted">{error}</span> },
];

function Models({ models }: { models: readonly string[] }) {
  if (models.length === 0) return <span className="text-muted">none</span>;
  return (
    <span title={models.join(", ")}>
      {models.slice(0, modelsShown).join(", ")}
      {models.length > modelsShown && <span className="text-muted"> +{models.length - modelsShown}</span>}
    </span>
  );
}

export function ManifestEntriesTable({ manifest: { entries, status } }: { manifest: ManifestBody }) {
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState(shownAtOnce);
  if (entries.length === 0) {
    return (
      <EmptyState title="No entries">
        {status === "never_loaded" ? "They appear when the manifest has been fetched." : "The manifest lists nothing."}
      </EmptyState>
    );
  }
  const wanted = search.trim().toLowerCase();
  const found = entries.filter(({ key, endpoint_id, models }) =>
    [key, endpoint_id ?? "", ...models].some((text) => text.toLowerCase().includes(wanted)),
  );
  return (
    <>
      <div className="border-b border-line p-3">
        <input
          type="search"
          aria-label="Search entries and models"
          placeholder="Search entries and models"
          className={`w-full ${controlClass}`}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      </div>
      {found.length === 0 ? (
        <EmptyState title={`No entry matches “${search.trim()}”`} />
      ) : (
        <Table label="Entries" columns={columns} rows={found.slice(0, shown)} idOf={({ key }) => key} />
      )}
      {found.length > shown && (
        <div className="p-2 text-center">
          <Button look="quiet" onClick={() => setShown(shown + shownAtOnce)}>
            Show more ({count(found.length - shown)})
          </Button>
        </div>
      )}
    </>
  );
}
