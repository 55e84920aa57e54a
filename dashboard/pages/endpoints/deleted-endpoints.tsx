// Says which endpoints were deleted a short while ago, and brings them back.
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { DeletedEndpointBody, EndpointBody } from "../../../src/api/endpoints.ts";
import { post } from "../../api/client.ts";
import { listQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button } from "../../components/button.tsx";
import { messageOf, Notice } from "../../components/notice.tsx";
import { Time, useNowMs } from "../../components/time.tsx";
import { counted } from "../../format/figures.ts";

const shownMax = 3;

/** Only for those who may change endpoints. */
export function DeletedEndpoints() {
  const [restored, setRestored] = useState<EndpointBody | null>(null);
  const query = useQuery(listQuery<DeletedEndpointBody>("endpoints", "/deleted-endpoints"));
  const nowMs = useNowMs();
  const present = (query.data?.data ?? []).filter(({ expires_at }) => Date.parse(expires_at) > nowMs);
  // Unless it was deleted again.
  const isBack = restored !== null && present.every(({ id }) => id !== restored.id);
  if (!query.isError && !isBack && present.length === 0) return null;
  return (
    <div className="flex flex-col gap-2">
      {query.isError && (
        <Notice tone="bad">Which endpoints can be restored could not be found out: {messageOf(query.error)}</Notice>
      )}
      {isBack && (
        <Notice>
          “{restored.name}” is restored.{" "}
          <Link to="/endpoints/$id" params={{ id: restored.id }} className="underline">
            Open {restored.name}
          </Link>
        </Notice>
      )}
      {present.slice(0, shownMax).map((deleted) => (
        <DeletedEndpoint key={deleted.id} deleted={deleted} nowMs={nowMs} onRestored={setRestored} />
      ))}
    </div>
  );
}

interface DeletedEndpointProps {
  deleted: DeletedEndpointBody;
  nowMs: number;
  onRestored: (endpoint: EndpointBody) => void;
}

function DeletedEndpoint({ deleted: { id, name, deleted_at, expires_at }, nowMs, onRestored }: DeletedEndpointProps) {
  const restore = useMutation({
    mutationFn: () => post<EndpointBody>(`/deleted-endpoints/${id}/restore`),
    onSuccess: (endpoint) => {
      onRestored(endpoint);
      void queryClient.invalidateQueries({ queryKey: ["models"] });
    },
    // After a failure too: its time may be over, or somebody else may have been quicker.
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["endpoints"] }),
  });
  const minutes = Math.ceil((Date.parse(expires_at) - nowMs) / 60_000);
  return (
    <>
      <Notice>
        <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
          <p className="min-w-0 wrap-anywhere">
            “{name}” was deleted <Time at={deleted_at} />. It can be restored for {counted(minutes, "minute")}.
          </p>
          <Button isBusy={restore.isPending} aria-label={`Restore ${name}`} onClick={() => restore.mutate()}>
            Restore
          </Button>
        </div>
      </Notice>
      {restore.isError && (
        <Notice tone="bad" title={`“${name}” could not be restored`}>
          {messageOf(restore.error)}
        </Notice>
      )}
    </>
  );
}
