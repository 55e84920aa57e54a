// Synchronizations in dialogs: what one would do, what one did, and what to do about one that is held back.
import { useMutation, useQuery } from "@tanstack/react-query";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import type { SyncRunBody } from "../../../src/api/sync-runs.ts";
import { Button } from "../../components/button.tsx";
import { Dialog } from "../../components/dialog.tsx";
import { ErrorState, messageOf, Notice, Skeleton } from "../../components/notice.tsx";
import { SyncOutcomes } from "./sync-outcomes.tsx";
import { previewSynchronization, synchronize } from "./synchronize.ts";

interface SyncDialogProps {
  endpoint: EndpointBody;
  onClose: () => void;
}

/** Asks the provider when it opens; "Synchronize now" then does it. */
export function SyncPreviewDialog({ endpoint, onApplied, onClose }: SyncDialogProps & { onApplied: (run: SyncRunBody) => void }) {
  const preview = useQuery({
    // Not under "endpoints": an event must not ask the provider again.
    queryKey: ["preview", endpoint.id],
    queryFn: () => previewSynchronization(endpoint.id),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    retry: false,
  });
  const apply = useMutation({
    mutationFn: () => synchronize(endpoint.id),
    onSuccess: (run) => {
      onClose();
      onApplied(run);
    },
  });
  const run = preview.data;
  return (
    <Dialog
      title="Preview changes"
      description="What a synchronization would do now. Nothing has been changed."
      isWide
      onClose={onClose}
    >
      <div className="flex flex-col gap-4">
        {preview.isFetching && <Skeleton />}
        {preview.isError && !preview.isFetching && <ErrorState error={preview.error} onRetry={() => void preview.refetch()} />}
        {run && !preview.isFetching && <RunReport run={run} isPreview />}
        {apply.isError && <Notice tone="bad">{messageOf(apply.error)}</Notice>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          {run && run.status === "ok" && (
            <Button look="primary" isBusy={apply.isPending} onClick={() => apply.mutate()}>
              Synchronize now
            </Button>
          )}
          {run?.status === "guarded" && (
            <ConfirmLoss
              endpoint={endpoint}
              onConfirmed={(confirmed) => {
                onClose();
                onApplied(confirmed);
              }}
            />
          )}
        </div>
      </div>
    </Dialog>
  );
}

/** `onRun`: a second run took the place of the shown one. */
export function SyncResultDialog({
  endpoint,
  run,
  onRun,
  onClose,
}: SyncDialogProps & { run: SyncRunBody; onRun: (run: SyncRunBody) => void }) {
  const titles = { ok: "Synchronized", failed: "The synchronization failed", guarded: "Models are missing" };
  return (
    <Dialog title={titles[run.status]} isWide onClose={onClose}>
      <div className="flex flex-col gap-4">
        <RunReport run={run} />
        <div className="flex flex-wrap justify-end gap-2">
          <Button look={run.status === "ok" ? "primary" : "secondary"} onClick={onClose}>
            Done
          </Button>
          {run.status === "guarded" && <ConfirmLoss endpoint={endpoint} onConfirmed={onRun} />}
        </div>
      </div>
    </Dialog>
  );
}

/** `isPreview`: in the conditional. */
export function RunReport({ run, isPreview = false }: { run: SyncRunBody; isPreview?: boolean }) {
  const changes = run.counts.added + run.counts.returned + run.counts.offline + run.counts.conflict;
  return (
    <>
      {run.status === "failed" && (
        <Notice tone="bad" title={`It failed at “${run.stage}”: models stay as they are`}>
          {run.error}
        </Notice>
      )}
      {run.status === "guarded" && (
        <Notice tone="warn" title="The provider lists far fewer models than before, or none">
          <p>
            That is often a passing fault at the provider, so {isPreview ? "they would stay" : "they stay"} active for now. If
            they are really gone, take them offline; otherwise do nothing: the third synchronization in a row that finds the same
            takes them offline by itself.
          </p>
        </Notice>
      )}
      {run.status === "ok" && changes === 0 && (
        <p role="status">{isPreview ? "Nothing would change." : "Nothing has changed: all models are as they were."}</p>
      )}
      {run.status !== "failed" && <SyncOutcomes run={run} />}
    </>
  );
}

function ConfirmLoss({ endpoint, onConfirmed }: { endpoint: EndpointBody; onConfirmed: (run: SyncRunBody) => void }) {
  const confirmation = useMutation({
    mutationFn: () => synchronize(endpoint.id, { confirm: true }),
    onSuccess: onConfirmed,
  });
  return (
    <>
      {confirmation.isError && <Notice tone="bad">{messageOf(confirmation.error)}</Notice>}
      <Button look="danger" isBusy={confirmation.isPending} onClick={() => confirmation.mutate()}>
        Take missing models offline
      </Button>
    </>
  );
}
