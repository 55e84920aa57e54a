// One key: what it may do, its use, changing, rotating and revoking it.
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { KeyBody } from "../../../src/api/keys.ts";
import { patch, remove } from "../../api/client.ts";
import { itemQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button, LinkButton } from "../../components/button.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { Edited } from "../../components/edited.tsx";
import { LimitsText } from "../../components/limits-text.tsx";
import { isGone, NotThere } from "../../components/not-there.tsx";
import { Notice, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { Time } from "../../components/time.tsx";
import { toast } from "../../components/toasts.tsx";
import { WhatIsLeft } from "../../components/what-is-left.tsx";
import { useCan } from "../../session/session.ts";
import { KeyBadges } from "./key-columns.tsx";
import { KeyForm } from "./key-form.tsx";
import { RotateKeyDialog } from "./rotate-key-dialog.tsx";

const trail = <Link to="/keys">Keys</Link>;

export function KeyPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(itemQuery<KeyBody>("keys", `/keys/${encodeURIComponent(id)}`));
  if (query.data && !isGone(query.error)) return <Key key={id} keyBody={query.data} />;
  return (
    <Page title="Key" trail={trail}>
      {query.isError ? (
        <NotThere error={query.error} onRetry={() => void query.refetch()} what="key" list="/keys">
          It may have been revoked, or is not yours to see.
        </NotThere>
      ) : (
        <Skeleton />
      )}
    </Page>
  );
}

function Key({ keyBody: key }: { keyBody: KeyBody }) {
  const [open, setOpen] = useState<"rotate" | "revoke" | null>(null);
  const navigate = useNavigate();
  const mayWrite = useCan("keys.write");
  const revoke = async () => {
    await remove(`/keys/${key.id}`);
    toast(`Key “${key.name}” is revoked.`);
    await navigate({ to: "/keys" });
    await queryClient.invalidateQueries({ queryKey: ["keys"] });
  };
  const actions = mayWrite && (
    <>
      <Button onClick={() => setOpen("rotate")}>Rotate key</Button>
      <Button look="danger" onClick={() => setOpen("revoke")}>
        Revoke key
      </Button>
    </>
  );
  return (
    <Page title={key.name} trail={trail} actions={actions}>
      {key.previous_expires_at !== null && Date.parse(key.previous_expires_at) > Date.now() && (
        <Notice tone="warn" title="Two secrets are good at the moment">
          The one before the last rotation ends <Time at={key.previous_expires_at} />.
        </Notice>
      )}
      <Card title="Key">
        <Facts
          facts={[
            ["Prefix", <code key="prefix" className="font-mono">{`${key.prefix}…`}</code>],
            [
              "Id",
              <code key="id" className="font-mono text-xs">
                {key.id}
              </code>,
            ],
            ["Owner", key.user_name ?? key.user_id ?? "no user"],
            ["Paid by", key.group_name ?? key.group_id],
            ["Models", key.models === null ? "all that its owner may use" : key.models.join(", ")],
            ["Limits", <LimitsText key="limits" limits={key.limits} />],
            ["Last use", <Time key="used" at={key.last_used_at} />],
            ["Created", <Time key="created" at={key.created_at} />],
            ["Expires", <Time key="expires" at={key.expires_at} />],
            [
              "May be used for",
              <span key="scopes" className="flex flex-wrap items-center gap-1">
                {key.scopes.join(", ")} <KeyBadges keyBody={{ ...key, scopes: [] }} />
              </span>,
            ],
          ]}
        />
        <div className="mt-4 flex flex-wrap gap-2">
          <LinkButton to="/requests" search={{ key: key.id } as never}>
            Its requests
          </LinkButton>
          <LinkButton to="/usage" search={{ key: key.id } as never}>
            Its usage
          </LinkButton>
        </div>
      </Card>
      <WhatIsLeft
        kind="key"
        id={key.id}
        description="A call also draws on the limits of the key's owner, of the group that pays and of its model."
      />
      {mayWrite && (
        <Card title="Settings">
          <div className="max-w-xl">
            <Edited resource={key}>
              {(edited, load) => (
                <KeyForm
                  keyBody={edited}
                  submitLabel="Save"
                  onSubmit={(body) => patch<KeyBody>(`/keys/${key.id}`, body, edited.version)}
                  onDone={(saved) => {
                    toast("Saved.");
                    load(saved);
                    void queryClient.invalidateQueries({ queryKey: ["keys"] });
                  }}
                />
              )}
            </Edited>
          </div>
        </Card>
      )}
      {open === "rotate" && <RotateKeyDialog keyBody={key} onClose={() => setOpen(null)} />}
      {open === "revoke" && (
        <ConfirmDialog title={`Revoke “${key.name}”?`} confirmLabel="Revoke key" onConfirm={revoke} onClose={() => setOpen(null)}>
          Programs that use it get 401 at once. Its requests stay in the ledger. This cannot be taken back.
        </ConfirmDialog>
      )}
    </Page>
  );
}
