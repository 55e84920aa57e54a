// Asks before an endpoint is deleted, and says what goes with it.
import { useQuery } from "@tanstack/react-query";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { remove } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { messageOf, Skeleton } from "../../components/notice.tsx";
import { counted } from "../../format/figures.ts";
import { type DeletionEffects, deletionEffects } from "./deletion-effects.ts";

export interface DeleteEndpointDialogProps {
  endpoint: EndpointBody;
  onClose: () => void;
  /** Leads away from its page. */
  onDeleted: () => Promise<void>;
}

export function DeleteEndpointDialog({ endpoint, onClose, onDeleted }: DeleteEndpointDialogProps) {
  const { id, name } = endpoint;
  const effects = useQuery({
    queryKey: ["deletion effects", id],
    queryFn: ({ signal }) => deletionEffects(endpoint, signal),
    gcTime: 0,
  });
  return (
    <ConfirmDialog
      title={`Delete “${name}”?`}
      confirmLabel="Delete endpoint"
      onConfirm={async () => {
        await remove(`/endpoints/${id}`);
        // Its page must be gone before what it shows is: else it would be asked for once more.
        await onDeleted();
        queryClient.removeQueries({ queryKey: ["endpoints", "item", `/endpoints/${id}`] });
        void queryClient.invalidateQueries({ queryKey: ["endpoints", "list"] });
        void queryClient.invalidateQueries({ queryKey: ["models"] });
      }}
      onClose={onClose}
    >
      <div className="flex flex-col gap-3">
        <p>Its settings, its key and the record of its synchronizations are deleted. Recorded requests and usage stay.</p>
        <p>For an hour this can be undone: the list of endpoints offers to restore it.</p>
        {effects.isPending && <Skeleton lines={2} />}
        {effects.isError && <p>What it takes with it could not be found out: {messageOf(effects.error)}</p>}
        {effects.data && <Effects effects={effects.data} />}
      </div>
    </ConfirmDialog>
  );
}

function Effects({ effects: { gone, kept, narrowed, emptied, groups, isPart } }: { effects: DeletionEffects }) {
  const atLeast = isPart ? "At least " : "";
  return (
    <>
      {gone.length + kept + narrowed.length + emptied.length === 0 && <p>No model is lost.</p>}
      {gone.length > 0 && (
        <Names
          text={`${atLeast}${counted(gone.length, "model")} can no longer be called, as no other endpoint has ${gone.length === 1 ? "it" : "them"}:`}
          names={gone}
        />
      )}
      {emptied.length > 0 && <Names text="Virtual models that are left without a target:" names={emptied} />}
      {groups.length > 0 && <Names text="Groups whose members lose what they were granted:" names={groups} />}
      {narrowed.length > 0 && <Names text="Virtual models that lose a target and keep others:" names={narrowed} />}
      {kept > 0 && (
        <p>
          {atLeast}
          {counted(kept, "model")} {kept === 1 ? "stays" : "stay"} with other endpoints.
        </p>
      )}
    </>
  );
}

const namesShown = 12;

function Names({ text, names }: { text: string; names: readonly string[] }) {
  return (
    <div>
      <p>{text}</p>
      <p className="font-mono text-xs">
        {names.slice(0, namesShown).join(", ")}
        {names.length > namesShown && ` and ${names.length - namesShown} more`}
      </p>
    </div>
  );
}
