// What can be done with one model of an endpoint. A model is one for all endpoints that have it: where there are others, it says so first.
import { MoreHorizontal } from "lucide-react";
import { useState } from "react";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { patch, remove } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { IconButton } from "../../components/button.tsx";
import { ConfirmDialog } from "../../components/confirm-dialog.tsx";
import { Menu, type MenuItem } from "../../components/menu.tsx";
import { messageOf } from "../../components/notice.tsx";
import { toast } from "../../components/toasts.tsx";
import { isNotChosen, type ModelRow } from "./model-rows.ts";

export function ModelActions({ row, endpoint }: { row: ModelRow; endpoint: EndpointBody }) {
  const [asked, setAsked] = useState<"disable" | "remove" | null>(null);
  const { model, deployment, elsewhere } = row;
  const setStatus = async (status: "active" | "disabled") => {
    await patch(`/models/${model.id}`, { status });
    refresh();
    toast(`“${model.name}” is ${status === "active" ? "enabled" : "disabled"}.`);
  };
  const orToast = (work: Promise<unknown>) => void work.catch((error: unknown) => toast(messageOf(error), { isBad: true }));
  const items: MenuItem[] = [];
  if (deployment.status !== "disabled") {
    const disable = () => (elsewhere.length > 0 ? setAsked("disable") : orToast(setStatus("disabled")));
    items.push({ label: "Disable", onSelect: disable });
  } else if (!isNotChosen(deployment)) {
    items.push({ label: "Enable", onSelect: () => orToast(setStatus("active")) });
  }
  if (endpoint.origin !== "manifest") items.push({ label: "Remove", onSelect: () => setAsked("remove"), isDanger: true });
  if (items.length === 0) return null;
  return (
    <div className="ml-auto flex justify-end text-left font-normal">
      <Menu items={items}>
        <IconButton label={`Actions for ${model.name}`} icon={<MoreHorizontal size={18} aria-hidden />} />
      </Menu>
      {asked === "disable" && (
        <ConfirmDialog
          title={`Disable “${model.name}” everywhere?`}
          confirmLabel="Disable model"
          onConfirm={() => setStatus("disabled")}
          onClose={() => setAsked(null)}
        >
          <p>
            It is also at {elsewhere.join(", ")}, and is disabled there too: nobody can call it until it is enabled again. To take
            it from this endpoint alone, use “Choose models”.
          </p>
        </ConfirmDialog>
      )}
      {asked === "remove" && (
        <ConfirmDialog
          title={`Remove “${model.name}”?`}
          confirmLabel="Remove model"
          onConfirm={async () => {
            await remove(`/models/${model.id}`);
            refresh();
          }}
          onClose={() => setAsked(null)}
        >
          <p>
            Calls of it fail from then on, and virtual models lose it as a target.
            {elsewhere.length > 0 && ` It is removed from ${elsewhere.join(", ")} as well.`} Synchronizations don't bring it back;
            “Add model” does.
          </p>
        </ConfirmDialog>
      )}
    </div>
  );
}

function refresh(): void {
  void queryClient.invalidateQueries({ queryKey: ["models"] });
  void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
}
