// What can be done with an endpoint: synchronize it, see first what that would do, replace its key, delete it.
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { MoreHorizontal, RefreshCw } from "lucide-react";
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import type { SyncRunBody } from "../../../src/api/sync-runs.ts";
import { Button, IconButton } from "../../components/button.tsx";
import { Menu } from "../../components/menu.tsx";
import { messageOf } from "../../components/notice.tsx";
import { toast } from "../../components/toasts.tsx";
import { DeleteEndpointDialog } from "./delete-endpoint-dialog.tsx";
import { RotateApiKeyDialog } from "./rotate-api-key-dialog.tsx";
import { SyncPreviewDialog, SyncResultDialog } from "./sync-dialogs.tsx";
import { synchronize } from "./synchronize.ts";

type Open = "preview" | "key" | "delete" | null;

export function EndpointActions({ endpoint }: { endpoint: EndpointBody }) {
  const [open, setOpen] = useState<Open>(null);
  const [run, setRun] = useState<SyncRunBody | null>(null);
  const navigate = useNavigate();
  const sync = useMutation({
    mutationFn: () => synchronize(endpoint.id),
    onSuccess: setRun,
    onError: (error) => toast(messageOf(error), { isBad: true }),
  });
  const isRunning = sync.isPending || endpoint.sync_in_progress !== null;
  const close = () => setOpen(null);
  return (
    <>
      <Button look="primary" icon={<RefreshCw size={15} aria-hidden />} isBusy={isRunning} onClick={() => sync.mutate()}>
        Synchronize
      </Button>
      <Button disabled={isRunning} onClick={() => setOpen("preview")}>
        Preview changes
      </Button>
      <Menu
        items={[
          { label: endpoint.has_api_key ? "Replace API key" : "Set API key", onSelect: () => setOpen("key") },
          { label: "Delete endpoint", onSelect: () => setOpen("delete"), isDanger: true },
        ]}
      >
        <IconButton label="More actions" icon={<MoreHorizontal size={18} aria-hidden />} />
      </Menu>
      <span role="status" className="sr-only">
        {isRunning ? "Synchronizing" : ""}
      </span>
      {open === "preview" && <SyncPreviewDialog endpoint={endpoint} onApplied={setRun} onClose={close} />}
      {open === "key" && <RotateApiKeyDialog endpoint={endpoint} onClose={close} />}
      {open === "delete" && (
        <DeleteEndpointDialog endpoint={endpoint} onClose={close} onDeleted={() => navigate({ to: "/endpoints" })} />
      )}
      {run !== null && (
        <SyncResultDialog key={run.id} endpoint={endpoint} run={run} onRun={setRun} onClose={() => setRun(null)} />
      )}
    </>
  );
}
