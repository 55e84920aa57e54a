// Groups: who belongs together, and what they may use.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import type { GroupBody } from "../../../src/api/groups.ts";
import { post } from "../../api/client.ts";
import { listQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Badge } from "../../components/badge.tsx";
import { BodiesBadge } from "../../components/bodies-fields.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { Filters, SearchBox, useUrlFilters } from "../../components/filters.tsx";
import { LimitsCell } from "../../components/limits-cell.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { count } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";
import { GrantedModels } from "./granted-models.tsx";
import { GroupForm } from "./group-form.tsx";

const columns: readonly Column<GroupBody>[] = [
  {
    header: "Name",
    isName: true,
    cell: (group) => (
      <span className="flex flex-wrap items-center gap-2">
        <Link to="/groups/$id" params={{ id: group.id }} className="text-accent-strong hover:underline">
          {group.name}
        </Link>
        {group.source !== null && <Badge title={group.external_id ?? undefined}>{group.source}</Badge>}
        {group.bodies !== null && <BodiesBadge retention={group.bodies.retention} />}
      </span>
    ),
  },
  { header: "May use", cell: ({ models }) => <GrantedModels models={models} /> },
  {
    header: "Members",
    isNumber: true,
    cell: ({ member_count: members }) => (members === null ? <span className="text-muted">everybody</span> : count(members)),
  },
  { header: "Pays for keys", isNumber: true, cell: ({ key_count: keys }) => count(keys) },
  { header: "Limits", cell: ({ id, limits }) => <LimitsCell kind="group" id={id} limits={limits} /> },
];

export function GroupsPage() {
  const { search: url } = useUrlFilters();
  const [isAdding, setAdding] = useState(false);
  const navigate = useNavigate();
  const query = useQuery(listQuery<GroupBody>("groups", "/groups", { search: url.search, cursor: url.cursor, limit: 50 }));
  const action = useCan("groups.write") && (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Create group
    </Button>
  );
  return (
    <Page
      title="Groups"
      description="A group grants its members models, and pays for what their keys use. Everybody is in “everyone”."
      actions={action}
    >
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by name" />
        </Filters>
        <DataTable
          label="Groups"
          columns={columns}
          query={query}
          idOf={({ id }) => id}
          empty={<EmptyState title={url.search ? `No group matches “${url.search}”` : "You are in no group"} />}
        />
      </Card>
      {isAdding && (
        <Dialog title="Create a group" onClose={() => setAdding(false)}>
          <GroupForm
            group={null}
            submitLabel="Create group"
            onSubmit={(body) => post<GroupBody>("/groups", body)}
            onDone={({ id }) => {
              void queryClient.invalidateQueries({ queryKey: ["groups"] });
              void navigate({ to: "/groups/$id", params: { id } });
            }}
            onCancel={() => setAdding(false)}
          />
        </Dialog>
      )}
    </Page>
  );
}
