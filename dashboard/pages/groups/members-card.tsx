// Who is in a group; whoever may, adds and removes.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useState } from "react";
import type { GroupBody, GroupMemberBody } from "../../../src/api/groups.ts";
import type { UserBody } from "../../../src/api/users.ts";
import { post, put, remove } from "../../api/client.ts";
import { listQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { type Choice, Picker } from "../../components/picker.tsx";
import { Time } from "../../components/time.tsx";
import { useCan, useReach } from "../../session/session.ts";

const refresh = async () => {
  await Promise.all(["groups", "users"].map((topic) => queryClient.invalidateQueries({ queryKey: [topic] })));
};

export function MembersCard({ group }: { group: GroupBody }) {
  const { search: url } = useUrlFilters();
  const mayWrite = useCan("members.write");
  const [isAdding, setAdding] = useState(false);
  const [leaving, setLeaving] = useState<GroupMemberBody | null>(null);
  const path = `/groups/${group.id}/members`;
  const query = useQuery(listQuery<GroupMemberBody>("groups", path, { cursor: url.cursor, limit: 50 }));
  const columns: Column<GroupMemberBody>[] = [
    {
      header: "Name",
      isName: true,
      cell: ({ id, name }) => (
        <Link to="/users/$id" params={{ id }} className="text-accent-strong hover:underline">
          {name}
        </Link>
      ),
    },
    { header: "Put in by", cell: ({ source }) => (source === "admin" ? "an administrator or manager" : <Badge>{source}</Badge>) },
    { header: "Since", cell: ({ created_at: at }) => <Time at={at} /> },
    {
      header: "Actions",
      isUnnamed: true,
      cell: (member) =>
        mayWrite && member.source === "admin" ? (
          <Button look="quiet" aria-label={`Remove ${member.name}`} onClick={() => setLeaving(member)}>
            Remove
          </Button>
        ) : (
          ""
        ),
    },
  ];
  const add = mayWrite && (
    <Button icon={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Add member
    </Button>
  );
  return (
    <Card title="Members" actions={add} isFlush>
      <DataTable
        label="Members"
        columns={columns}
        query={query}
        idOf={({ id, source }) => `${id} ${source}`}
        empty={<EmptyState title="Nobody is in this group">Its models are for nobody until somebody is.</EmptyState>}
      />
      {isAdding && <AddMemberDialog group={group} onClose={() => setAdding(false)} />}
      {leaving !== null && (
        <ConfirmDialog
          title={`Remove “${leaving.name}”?`}
          confirmLabel="Remove member"
          onConfirm={async () => {
            await remove(`${path}/${leaving.id}`);
            await refresh();
          }}
          onClose={() => setLeaving(null)}
        >
          What only this group grants is refused to them, and to their keys, from then on.
        </ConfirmDialog>
      )}
    </Card>
  );
}

/** Who sees all users chooses one; a manager names somebody by the e-mail address. */
function AddMemberDialog({ group, onClose }: { group: GroupBody; onClose: () => void }) {
  const seesAll = useReach("users.read") === "all";
  const [user, setUser] = useState<Choice | null>(null);
  const [email, setEmail] = useState("");
  const submit = async () => {
    if (seesAll) await put(`/groups/${group.id}/members/${user?.id}`);
    else await post(`/groups/${group.id}/members`, { email });
    await refresh();
  };
  return (
    <Dialog title={`Add a member to “${group.name}”`} onClose={onClose}>
      <Form
        submitLabel="Add member"
        isIncomplete={seesAll ? user === null : email === ""}
        onSubmit={submit}
        onDone={onClose}
        onCancel={onClose}
      >
        {seesAll ? (
          <Picker<UserBody>
            label="User"
            topic="users"
            path="/users"
            choiceOf={(found) => ({ id: found.id, label: found.email === null ? found.name : `${found.name} (${found.email})` })}
            chosen={user}
            onChange={setUser}
          />
        ) : (
          <TextField
            label="E-mail address"
            name="email"
            type="email"
            required
            hint="Of somebody who has an account here."
            value={email}
            onChange={setEmail}
          />
        )}
      </Form>
    </Dialog>
  );
}
