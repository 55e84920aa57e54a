// One user: role, groups, keys, sessions; password link, disabling, deleting.
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { z } from "zod";
import type { passwordLinkView } from "../../../src/api/sessions.ts";
import type { UserBody } from "../../../src/api/users.ts";
import { patch, post, remove } from "../../api/client.ts";
import { itemQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button, LinkButton } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { Edited } from "../../components/edited.tsx";
import { isGone, NotThere } from "../../components/not-there.tsx";
import { messageOf, Notice, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import type { Choice } from "../../components/picker.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { toast } from "../../components/toasts.tsx";
import { WhatIsLeft } from "../../components/what-is-left.tsx";
import { useCan, useReach, useSession } from "../../session/session.ts";
import { SessionsCard } from "../account/sessions-card.tsx";
import { KeysDataTable } from "../keys/keys-data-table.tsx";
import { NewKeyDialog } from "../keys/new-key-dialog.tsx";
import { PasswordLink } from "./new-user-dialog.tsx";
import { UserFacts } from "./user-facts.tsx";
import { UserForm } from "./user-form.tsx";

type PasswordLinkBody = z.output<typeof passwordLinkView>;
const trail = <Link to="/users">Users</Link>;

export function UserPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(itemQuery<UserBody>("users", `/users/${encodeURIComponent(id)}`));
  if (query.data && !isGone(query.error)) return <User key={id} user={query.data} />;
  return (
    <Page title="User" trail={trail}>
      {query.isError ? (
        <NotThere error={query.error} onRetry={() => void query.refetch()} what="user" list="/users" />
      ) : (
        <Skeleton />
      )}
    </Page>
  );
}

function User({ user }: { user: UserBody }) {
  const session = useSession();
  const mayWrite = useCan("users.write");
  const mayMakeKeys = useCan("keys.write");
  const seesSessions = useReach("sessions.read") === "all" || session.user_id === user.id;
  const [isAddingKey, setAddingKey] = useState(false);
  const keys = (
    <Card title="Keys" isFlush actions={mayMakeKeys && <Button onClick={() => setAddingKey(true)}>Create key</Button>}>
      <KeysDataTable of={{ user: user.id }} />
      {isAddingKey && <NewKeyDialog owner={{ id: user.id, label: user.name }} onClose={() => setAddingKey(false)} />}
    </Card>
  );
  return (
    <Page title={user.name} trail={trail} actions={mayWrite && <Actions user={user} isSelf={session.user_id === user.id} />}>
      {user.disabled && (
        <Notice tone="bad" title="This user is disabled">
          Neither sign-in nor keys nor tokens of theirs are good.
        </Notice>
      )}
      <Tabs
        label="User"
        tabs={[
          { id: "profile", label: "Profile", content: <Profile user={user} mayWrite={mayWrite} /> },
          { id: "keys", label: "Keys", content: keys },
          ...(seesSessions ? [{ id: "sessions", label: "Sessions", content: <SessionsCard userId={user.id} /> }] : []),
        ]}
      />
    </Page>
  );
}

function Profile({ user, mayWrite }: { user: UserBody; mayWrite: boolean }) {
  return (
    <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
      <div className="flex min-w-0 flex-col gap-5">
        <Card title="Profile">
          <UserFacts user={user} />
          <div className="mt-4 flex flex-wrap gap-2">
            <LinkButton to="/requests" search={{ user: user.id } as never}>
              Their requests
            </LinkButton>
            <LinkButton to="/usage" search={{ user: user.id } as never}>
              Their usage
            </LinkButton>
          </div>
        </Card>
        <WhatIsLeft kind="user" id={user.id} description="Of all of their keys and sign-ins together." />
      </div>
      {mayWrite && (
        <Card title="Settings">
          <Edited resource={user}>
            {(edited, load) => (
              <UserForm
                user={edited}
                primaryGroup={primaryGroupOf(edited)}
                submitLabel="Save"
                onSubmit={(body) => patch<UserBody>(`/users/${user.id}`, body, edited.version)}
                onDone={(saved) => {
                  toast("Saved.");
                  load(saved);
                  void queryClient.invalidateQueries({ queryKey: ["users"] });
                }}
              />
            )}
          </Edited>
        </Card>
      )}
    </div>
  );
}

function primaryGroupOf({ primary_group_id: id, groups }: UserBody): Choice | null {
  return id === null ? null : { id, label: groups.find((group) => group.id === id)?.name ?? id };
}

function Actions({ user, isSelf }: { user: UserBody; isSelf: boolean }) {
  const [open, setOpen] = useState<"disable" | "delete" | null>(null);
  const [link, setLink] = useState<PasswordLinkBody | null>(null);
  const navigate = useNavigate();
  const refresh = () => queryClient.invalidateQueries({ queryKey: ["users"] });
  const disable = (disabled: boolean) => patch<UserBody>(`/users/${user.id}`, { disabled }, user.version).then(refresh);
  const say = (error: unknown) => toast(messageOf(error), { isBad: true });
  const enabling = useMutation({ mutationFn: () => disable(false), onError: say });
  const linking = useMutation({
    mutationFn: () => post<PasswordLinkBody>(`/users/${user.id}/password-link`),
    onSuccess: setLink,
    onError: say,
  });
  return (
    <>
      {user.email !== null && (
        <Button isBusy={linking.isPending} onClick={() => linking.mutate()}>
          Make password link
        </Button>
      )}
      {!isSelf && !user.disabled && <Button onClick={() => setOpen("disable")}>Disable user</Button>}
      {!isSelf && user.disabled && (
        <Button isBusy={enabling.isPending} onClick={() => enabling.mutate()}>
          Enable user
        </Button>
      )}
      {!isSelf && (
        <Button look="danger" onClick={() => setOpen("delete")}>
          Delete user
        </Button>
      )}
      {link !== null && <PasswordLink user={user} link={link} onClose={() => setLink(null)} />}
      {open === "disable" && (
        <ConfirmDialog
          title={`Disable “${user.name}”?`}
          confirmLabel="Disable user"
          onConfirm={() => disable(true)}
          onClose={() => setOpen(null)}
        >
          All of their sessions end, and their keys and tokens are refused until you enable them again.
        </ConfirmDialog>
      )}
      {open === "delete" && (
        <ConfirmDialog
          title={`Delete “${user.name}”?`}
          confirmLabel="Delete user"
          onConfirm={async () => {
            await remove(`/users/${user.id}`);
            toast(`User “${user.name}” is deleted.`);
            await navigate({ to: "/users" });
            await refresh();
          }}
          onClose={() => setOpen(null)}
        >
          Their sessions and keys end with them. What they have used stays in the ledger. This cannot be taken back.
        </ConfirmDialog>
      )}
    </>
  );
}
