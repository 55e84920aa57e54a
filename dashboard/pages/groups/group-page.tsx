// One group: its settings, its members, the keys it pays.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { GroupBody } from "../../../src/api/groups.ts";
import { patch, remove } from "../../api/client.ts";
import { itemQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button, LinkButton } from "../../components/button.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { Edited } from "../../components/edited.tsx";
import { LimitsText } from "../../components/limits-text.tsx";
import { isGone, NotThere } from "../../components/not-there.tsx";
import { Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { toast } from "../../components/toasts.tsx";
import { WhatIsLeft } from "../../components/what-is-left.tsx";
import { counted } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";
import { KeysDataTable } from "../keys/keys-data-table.tsx";
import { GrantedModels } from "./granted-models.tsx";
import { GroupForm } from "./group-form.tsx";
import { MembersCard } from "./members-card.tsx";

const trail = <Link to="/groups">Groups</Link>;
const everyoneId = "grp_everyone";

export function GroupPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(itemQuery<GroupBody>("groups", `/groups/${encodeURIComponent(id)}`));
  if (query.data && !isGone(query.error)) return <Group key={id} group={query.data} />;
  return (
    <Page title="Group" trail={trail}>
      {query.isError ? (
        <NotThere error={query.error} onRetry={() => void query.refetch()} what="group" list="/groups" />
      ) : (
        <Skeleton />
      )}
    </Page>
  );
}

function Group({ group }: { group: GroupBody }) {
  const mayWrite = useCan("groups.write");
  const seesKeys = useCan("keys.read");
  const [isDeleting, setDeleting] = useState(false);
  const isEveryone = group.id === everyoneId;
  const settings = {
    id: "settings",
    label: "Settings",
    content: mayWrite ? <Settings group={group} /> : <ReadOnly group={group} />,
  };
  const members = { id: "members", label: "Members", content: <MembersCard group={group} /> };
  const keys = {
    id: "keys",
    label: "Keys it pays",
    content: (
      <Card isFlush>
        <KeysDataTable of={{ group: group.id }} />
      </Card>
    ),
  };
  return (
    <Page
      title={group.name}
      trail={trail}
      description={isEveryone ? "Everybody is a member: what it grants, all callers may use." : undefined}
      actions={
        <>
          <LinkButton to="/usage" search={{ group: group.id } as never}>
            Its usage
          </LinkButton>
          {mayWrite && !isEveryone && (
            <Button look="danger" onClick={() => setDeleting(true)}>
              Delete group
            </Button>
          )}
        </>
      }
    >
      <WhatIsLeft kind="group" id={group.id} description="Of all calls that this group pays, together." />
      <Tabs label="Group" tabs={[...(isEveryone ? [] : [members]), settings, ...(seesKeys ? [keys] : [])]} />
      {isDeleting && <DeleteDialog group={group} onClose={() => setDeleting(false)} />}
    </Page>
  );
}

function Settings({ group }: { group: GroupBody }) {
  return (
    <Card>
      <div className="max-w-xl">
        <Edited resource={group}>
          {(edited, load) => (
            <GroupForm
              group={edited}
              submitLabel="Save"
              onSubmit={(body) => patch<GroupBody>(`/groups/${group.id}`, body, edited.version)}
              onDone={(saved) => {
                toast("Saved.");
                load(saved);
                void queryClient.invalidateQueries({ queryKey: ["groups"] });
              }}
            />
          )}
        </Edited>
      </div>
    </Card>
  );
}

function ReadOnly({ group }: { group: GroupBody }) {
  return (
    <Card>
      <Facts
        facts={[
          ["May use", <GrantedModels key="models" models={group.models} />],
          ["Limits", <LimitsText key="limits" limits={group.limits} />],
          ["Bodies of requests", group.bodies === null ? "not kept" : `kept for ${group.bodies.retention}`],
          ["Origin", group.source ?? "added here"],
        ]}
      />
    </Card>
  );
}

function DeleteDialog({ group, onClose }: { group: GroupBody; onClose: () => void }) {
  const navigate = useNavigate();
  const confirm = async () => {
    await remove(`/groups/${group.id}`);
    toast(`Group “${group.name}” is deleted.`);
    await navigate({ to: "/groups" });
    await queryClient.invalidateQueries({ queryKey: ["groups"] });
  };
  return (
    <ConfirmDialog title={`Delete “${group.name}”?`} confirmLabel="Delete group" onConfirm={confirm} onClose={onClose}>
      <ul className="list-disc pl-5">
        <li>
          {counted(group.member_count ?? 0, "member")} lose what only this group grants
          {group.models.length > 0 &&
            `: ${group.models.slice(0, 8).join(", ")}${group.models.length > 8 ? ` and ${group.models.length - 8} more` : ""}`}
          .
        </li>
        <li>{counted(group.key_count, "key")} that it pays must be paid by another group, or the group can't be deleted.</li>
        <li>Its usage stays in the ledger.</li>
      </ul>
    </ConfirmDialog>
  );
}
