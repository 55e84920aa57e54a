// What can be done with a model, and where else to look at it.
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { ModelBody } from "../../../src/api/models.ts";
import { patch } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button, LinkButton } from "../../components/button.tsx";
import { messageOf } from "../../components/notice.tsx";
import { toast } from "../../components/toasts.tsx";
import { useCan } from "../../session/session.ts";
import { DeleteModelDialog } from "./delete-model-dialog.tsx";

export function ModelActions({ model }: { model: ModelBody }) {
  const mayWrite = useCan("models.write");
  const [isDeleting, setDeleting] = useState(false);
  const navigate = useNavigate();
  return (
    <>
      <ModelLinks name={model.name} />
      {mayWrite && <StatusButton model={model} />}
      {mayWrite && model.kind === "virtual" && (
        <Button look="danger" onClick={() => setDeleting(true)}>
          Delete model
        </Button>
      )}
      {isDeleting && (
        <DeleteModelDialog model={model} onClose={() => setDeleting(false)} onDeleted={() => navigate({ to: "/models" })} />
      )}
    </>
  );
}

/** To the other pages that are about this model, for whom they are there. */
export function ModelLinks({ name }: { name: string }) {
  const search = { model: name } as never;
  const [canTry, canExplain, seesRequests, seesUsage] = [
    useCan("playground"),
    useCan("explain"),
    useCan("requests.read"),
    useCan("usage.read"),
  ];
  return (
    <>
      {canTry && (
        <LinkButton to="/playground" search={search}>
          Playground
        </LinkButton>
      )}
      {canExplain && (
        <LinkButton to="/explain" search={search}>
          Explain
        </LinkButton>
      )}
      {seesRequests && (
        <LinkButton to="/requests" search={search}>
          Its requests
        </LinkButton>
      )}
      {seesUsage && (
        <LinkButton to="/usage" search={search}>
          Its usage
        </LinkButton>
      )}
    </>
  );
}

function StatusButton({ model }: { model: ModelBody }) {
  const [isBusy, setBusy] = useState(false);
  const isDisabled = model.status === "disabled";
  const change = async () => {
    setBusy(true);
    try {
      const { status } = await patch<ModelBody>(`/models/${model.id}`, { status: isDisabled ? "active" : "disabled" });
      await queryClient.invalidateQueries({ queryKey: ["models"] });
      toast(textOf(model.name, isDisabled, status), { isBad: isDisabled && status === "disabled" });
    } catch (error) {
      toast(messageOf(error), { isBad: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Button isBusy={isBusy} onClick={() => void change()}>
      {isDisabled ? "Enable model" : "Disable model"}
    </Button>
  );
}

function textOf(name: string, isEnabling: boolean, status: ModelBody["status"]): string {
  if (!isEnabling) return `“${name}” is disabled: nobody can call it.`;
  if (status === "disabled") return `“${name}” stays disabled: it is not selected at its endpoints. Choose it there.`;
  return status === "offline" ? `“${name}” is enabled, but offline: no endpoint serves it now.` : `“${name}” is enabled.`;
}
