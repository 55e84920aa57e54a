// Where somebody is signed in; each session can be ended.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { SessionBody } from "../../../src/api/sessions.ts";
import { remove } from "../../api/client.ts";
import { listQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Badge } from "../../components/badge.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { type Column, DataTable } from "../../components/data-table.tsx";
import { useUrlFilters } from "../../components/filters.tsx";
import { EmptyState } from "../../components/notice.tsx";
import { Time } from "../../components/time.tsx";
import { useCan, useSession } from "../../session/session.ts";

/** `userId`: whose; one's own by default. */
export function SessionsCard({ userId }: { userId?: string }) {
  const own = useSession().user_id;
  const { search: url } = useUrlFilters();
  const mayEnd = useCan("sessions.write");
  const [ending, setEnding] = useState<SessionBody | null>(null);
  const query = useQuery(
    listQuery<SessionBody>("sessions", "/sessions", { user_id: userId ?? own, cursor: url.cursor, limit: 50 }),
  );
  const columns: Column<SessionBody>[] = [
    {
      header: "Browser",
      isName: true,
      cell: (session) => (
        <span className="flex flex-wrap items-center gap-2">
          {browserOf(session.user_agent)}
          {session.is_current && <Badge tone="good">this one</Badge>}
        </span>
      ),
    },
    { header: "Address", cell: ({ address }) => <code className="font-mono text-xs">{address ?? "–"}</code> },
    { header: "Signed in with", cell: ({ method }) => methods[method] },
    { header: "Signed in", cell: ({ created_at: at }) => <Time at={at} /> },
    { header: "Last seen", cell: ({ last_seen_at: at }) => <Time at={at} /> },
    {
      header: "Actions",
      isUnnamed: true,
      cell: (session) =>
        mayEnd && !session.is_current ? (
          <Button look="quiet" aria-label={`End session of ${browserOf(session.user_agent)}`} onClick={() => setEnding(session)}>
            End
          </Button>
        ) : (
          ""
        ),
    },
  ];
  return (
    <Card title="Sessions" isFlush>
      <DataTable
        label="Sessions"
        columns={columns}
        query={query}
        idOf={({ id }) => id}
        empty={<EmptyState title="No session is open" />}
      />
      {ending !== null && (
        <ConfirmDialog
          title="End this session?"
          confirmLabel="End session"
          onConfirm={async () => {
            await remove(`/sessions/${ending.id}`);
            await queryClient.invalidateQueries({ queryKey: ["sessions"] });
          }}
          onClose={() => setEnding(null)}
        >
          Whoever uses it has to sign in again.
        </ConfirmDialog>
      )}
    </Card>
  );
}

const methods = { password: "a password", oidc: "an identity provider", proxy: "the proxy", setup: "the set-up link" } as const;

/** "Firefox on Linux": enough to know it again. */
function browserOf(userAgent: string | null): string {
  if (userAgent === null) return "Unknown browser";
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)\//.exec(userAgent)?.[1];
  const system = /(Windows|Mac OS X|Android|iPhone|iPad|Linux)/.exec(userAgent)?.[1];
  const names: Record<string, string> = { Edg: "Edge", OPR: "Opera", "Mac OS X": "macOS" };
  if (browser === undefined) return userAgent.slice(0, 60);
  return `${names[browser] ?? browser}${system === undefined ? "" : ` on ${names[system] ?? system}`}`;
}
