// What was sent and answered, where its key or group has it kept. Loaded only when asked for: to read it is written down.
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { KeptBody, RequestBodiesBody } from "../../../src/api/request-bodies.ts";
import type { RequestBody } from "../../../src/api/requests.ts";
import { get, remove } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { BodiesBadge } from "../../components/bodies-fields.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { CodeBlock } from "../../components/copyable.tsx";
import { messageOf, Notice } from "../../components/notice.tsx";
import { Time } from "../../components/time.tsx";
import { bytes } from "../../format/figures.ts";
import { useReach, useSession } from "../../session/session.ts";

export function RequestBodies({ request }: { request: RequestBody }) {
  const session = useSession();
  const reach = useReach("bodies.read");
  const isOwn = request.user !== null && request.user === session.user_id;
  const [isDeleting, setDeleting] = useState(false);
  const path = `/requests/${encodeURIComponent(request.id)}/bodies`;
  const bodies = useMutation({ mutationFn: () => get<RequestBodiesBody>(path) });
  if (reach === null || (reach === "own" && !isOwn)) {
    return (
      <Notice tone="warn">The bodies of this request are kept. They are for its user and for administrators to read.</Notice>
    );
  }
  return (
    <Card title="Bodies" actions={<BodiesBadge />}>
      <div className="flex flex-col gap-4">
        {bodies.data === undefined && (
          <div className="flex flex-wrap items-center gap-3">
            <Button isBusy={bodies.isPending} onClick={() => bodies.mutate()}>
              Show bodies
            </Button>
            {!isOwn && <span className="text-sm text-muted">That you have read them is written to the audit log.</span>}
          </div>
        )}
        {bodies.isError && <Notice tone="bad">{messageOf(bodies.error)}</Notice>}
        {bodies.data && (
          <>
            <p className="text-sm text-muted">
              They are deleted <Time at={bodies.data.expires_at} />.
              {bodies.data.redacted.length > 0 && ` Taken out: ${bodies.data.redacted.join(", ").replaceAll("_", " ")}.`}
            </p>
            <Body title="Sent" body={bodies.data.request} />
            <Body title="Answered" body={bodies.data.response} />
            {(isOwn || session.role === "administrator") && (
              <div>
                <Button look="danger" onClick={() => setDeleting(true)}>
                  Delete bodies
                </Button>
              </div>
            )}
          </>
        )}
      </div>
      {isDeleting && (
        <ConfirmDialog
          title="Delete these bodies?"
          confirmLabel="Delete bodies"
          onConfirm={async () => {
            await remove(path);
            bodies.reset();
            await queryClient.invalidateQueries({ queryKey: ["requests"] });
          }}
          onClose={() => setDeleting(false)}
        >
          The request stays in the ledger; what was sent and answered is gone for good.
        </ConfirmDialog>
      )}
    </Card>
  );
}

function Body({ title, body }: { title: string; body: KeptBody | null }) {
  return (
    <section>
      <h3 className="mb-1 text-sm font-medium">
        {title}
        {body !== null && (
          <span className="ml-2 font-normal text-muted">
            {body.content_type ?? "no content type"}, {bytes(body.bytes)}
            {body.truncated && ", only its beginning"}
          </span>
        )}
      </h3>
      {body === null || body.text === null ? (
        <p className="text-sm text-muted">{body === null ? "Nothing." : "Bytes that are no text."}</p>
      ) : (
        <CodeBlock label={`what was ${title.toLowerCase()}`} code={readable(body.text)} />
      )}
    </section>
  );
}

/** JSON with line breaks; anything else as it is. */
function readable(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
