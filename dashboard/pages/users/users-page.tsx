// Users: who may do what here, and when they were last seen.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import type { UserBody } from "../../../src/api/users.ts";
import { listQuery } from "../../api/queries.ts";
import { ActiveFilters } from "../../components/active-filters.tsx";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { FilterSelect, Filters, SearchBox, useUrlFilters } from "../../components/filters.tsx";
import { LimitsCell } from "../../components/limits-cell.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { Time } from "../../components/time.tsx";
import { roleNames } from "../../format/role-names.ts";
import { useCan, useReach } from "../../session/session.ts";
import { NewUserDialog } from "./new-user-dialog.tsx";
import { roleOptions } from "./role-options.ts";

const columns: readonly Column<UserBody>[] = [
  {
    header: "Name",
    isName: true,
    cell: (user) => (
      <span className="flex flex-wrap items-center gap-2">
        <Link to="/users/$id" params={{ id: user.id }} className="text-accent-strong hover:underline">
          {user.name}
        </Link>
        {user.disabled && <Badge tone="bad">disabled</Badge>}
      </span>
    ),
  },
  { header: "E-mail address", cell: ({ email, username }) => email ?? username ?? "–" },
  { header: "Role", cell: ({ role }) => roleNames[role] },
  {
    header: "Groups",
    cell: ({ groups }) =>
      groups.length === 0 ? (
        <span className="text-muted">everyone</span>
      ) : (
        [...new Set(groups.map(({ name }) => name))].join(", ")
      ),
  },
  { header: "Account of", cell: ({ source }) => (source === "local" ? "this installation" : source) },
  {
    header: "Limits",
    cell: ({ id, limits }) => <LimitsCell kind="user" id={id} limits={limits} none={limits === null ? "the default" : "none"} />,
  },
  { header: "Last seen", cell: ({ last_seen_at: at }) => <Time at={at} /> },
];

export function UsersPage() {
  const { search: url } = useUrlFilters();
  const [isAdding, setAdding] = useState(false);
  const seesOthers = useReach("users.read") !== "own";
  const filters = { search: url.search, role: url.role, group: url.group };
  const query = useQuery(listQuery<UserBody>("users", "/users", { ...filters, cursor: url.cursor, limit: 50 }));
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  const action = useCan("users.write") && (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Add user
    </Button>
  );
  return (
    <Page
      title="Users"
      description={
        seesOthers
          ? "People with an account here. Users of identity providers appear when they first call or sign in."
          : undefined
      }
      actions={action}
    >
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by name or e-mail address" />
          <FilterSelect label="Role" name="role" options={[["", "All roles"], ...roleOptions]} />
        </Filters>
        <div className="px-3 pt-3 empty:hidden">
          <ActiveFilters names={["group"]} />
        </div>
        <DataTable
          label="Users"
          columns={columns}
          query={query}
          idOf={({ id }) => id}
          empty={<EmptyState title={isFiltered ? "No user matches these filters" : "No users yet"} />}
        />
      </Card>
      {isAdding && <NewUserDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
