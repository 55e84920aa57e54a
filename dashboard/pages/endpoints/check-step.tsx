// Step 2 of the guided add: what came of trying the connection, and whether to go on.
import { useMutation } from "@tanstack/react-query";
import { post } from "../../api/client.ts";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { messageOf, Notice } from "../../components/notice.tsx";
import { ConnectionCheck, type Validation } from "./connection-check.tsx";
import { connectionOf, type EndpointDraft } from "./endpoint-draft.ts";

export interface CheckStepProps {
  draft: EndpointDraft;
  validation: Validation;
  onChecked: (validation: Validation) => void;
  onBack: () => void;
  onNext: () => void;
}

export function CheckStep({ draft, validation, onChecked, onBack, onNext }: CheckStepProps) {
  const again = useMutation({
    mutationFn: () => post<Validation>("/endpoints/validate", connectionOf(draft)),
    onSuccess: onChecked,
  });
  return (
    <Card title="Check">
      <div className="flex flex-col gap-4">
        <ConnectionCheck validation={validation} url={draft.url} />
        {!validation.ok && (
          <p className="text-sm">
            You can go on all the same: the endpoint is made, and Headgate asks it for its models again with every
            synchronization. Until then it serves only models that you type.
          </p>
        )}
        {again.isError && <Notice tone="bad">{messageOf(again.error)}</Notice>}
        <div className="flex flex-wrap justify-end gap-2">
          <Button onClick={onBack}>Back</Button>
          <Button isBusy={again.isPending} onClick={() => again.mutate()}>
            Check again
          </Button>
          <Button look={validation.ok ? "primary" : "secondary"} onClick={onNext}>
            {validation.ok ? "Choose models" : "Continue despite the failed check"}
          </Button>
        </div>
      </div>
    </Card>
  );
}
