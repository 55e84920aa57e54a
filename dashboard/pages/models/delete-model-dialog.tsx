// Asks before a virtual model is deleted, and says what goes with it.
import { useQuery } from "@tanstack/react-query";
import type { ModelBody } from "../../../src/api/models.ts";
import type { UsageReport } from "../../../src/api/usage.ts";
import { remove } from "../../api/client.ts";
import { itemQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { counted } from "../../format/figures.ts";
import { modelQuery } from "./model-query.ts";

interface DeleteModelDialogProps {
  model: ModelBody;
  onClose: () => void;
  /** Leads away from its page. */
  onDeleted: () => Promise<void>;
}

export function DeleteModelDialog({ model: { id, name, deployments }, onClose, onDeleted }: DeleteModelDialogProps) {
  const usage = useQuery(itemQuery<UsageReport>("usage", "/usage", { model: name }));
  const requests = usage.data?.data.reduce((sum, row) => sum + row.requests, 0);
  return (
    <ConfirmDialog
      title={`Delete “${name}”?`}
      confirmLabel="Delete model"
      onConfirm={async () => {
        await remove(`/models/${id}`);
        await onDeleted();
        queryClient.removeQueries({ queryKey: modelQuery(id).queryKey });
        void queryClient.invalidateQueries({ queryKey: ["models", "list"] });
      }}
      onClose={onClose}
    >
      <ul className="flex list-disc flex-col gap-1.5 pl-5">
        <li>
          Calls of <code className="font-mono">{name}</code> get 404 at once
          {requests !== undefined && (requests > 0 ? `; there were ${counted(requests, "request")} in the last 24 hours` : "")}.
        </li>
        <li>Its list of targets, its weights, limits and groups are deleted. This cannot be taken back.</li>
        <li>
          {deployments.length === 1
            ? "The deployment that it pointed to stays"
            : `The ${deployments.length} deployments that it pointed to stay`}
          , and can be called by the names of their pools.
        </li>
        <li>
          Keys and groups that name it keep the name: it counts again if a model of this name is made. Recorded requests and usage
          stay.
        </li>
      </ul>
    </ConfirmDialog>
  );
}
