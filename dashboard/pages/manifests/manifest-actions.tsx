// What can be done with a manifest: fetch it now, stop following it.
import { useMutation } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { RefreshCw } from "lucide-react";
import { useState } from "react";
import type { ManifestBody } from "../../../src/api/manifests.ts";
import { post, remove } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { messageOf } from "../../components/notice.tsx";
import { toast } from "../../components/toasts.tsx";
import { counted } from "../../format/figures.ts";

export function ManifestActions({ manifest }: { manifest: ManifestBody }) {
  const [isDeleting, setDeleting] = useState(false);
  const navigate = useNavigate();
  const refresh = useMutation({
    mutationFn: () => post<ManifestBody>(`/manifests/${manifest.id}/refresh`),
    onSuccess: (fetched) => {
      forgetAll();
      const error = fetched.last_error;
      if (error === null) toast(`“${manifest.name}” was fetched: ${counted(fetched.entries.length, "entry", "entries")}.`);
      else toast(`“${manifest.name}” could not be fetched: ${error.detail}`, { isBad: true });
    },
    onError: (error) => toast(messageOf(error), { isBad: true }),
  });
  const used = manifest.entries.filter(({ status }) => status !== "dropped").length;
  return (
    <>
      <Button icon={<RefreshCw size={15} aria-hidden />} isBusy={refresh.isPending} onClick={() => refresh.mutate()}>
        Refresh
      </Button>
      {manifest.origin === "admin" && (
        <Button look="danger" onClick={() => setDeleting(true)}>
          Delete manifest
        </Button>
      )}
      {isDeleting && (
        <ConfirmDialog
          title={`Delete “${manifest.name}”?`}
          confirmLabel="Delete manifest"
          onConfirm={async () => {
            await remove(`/manifests/${manifest.id}`);
            await navigate({ to: "/manifests" });
            queryClient.removeQueries({ queryKey: ["manifests", "item", `/manifests/${manifest.id}`] });
            forgetAll();
          }}
          onClose={() => setDeleting(false)}
        >
          <p>
            {used > 0 && `The endpoints of its ${counted(used, "entry", "entries")} go with it. `}
            Models that no other endpoint has can no longer be called, and virtual models lose these targets. Its stored tokens
            are deleted too.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

function forgetAll(): void {
  for (const topic of ["manifests", "endpoints", "models"]) void queryClient.invalidateQueries({ queryKey: [topic, "list"] });
  void queryClient.invalidateQueries({ queryKey: ["manifests", "item"], refetchType: "active" });
}
