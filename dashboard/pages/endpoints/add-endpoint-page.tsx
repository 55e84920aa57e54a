// The guided add of an endpoint: connection, check, models; then what came of it.
import { useMutation } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { ApiError } from "../../api/client.ts";
import { Page } from "../../components/page.tsx";
import { CheckStep } from "./check-step.tsx";
import type { Validation } from "./connection-check.tsx";
import { ConnectionStep } from "./connection-step.tsx";
import { createEndpoint } from "./create-endpoint.ts";
import { CreatedStep } from "./created-step.tsx";
import { emptyDraft } from "./endpoint-draft.ts";
import { emptySelection } from "./model-selection.ts";
import { ModelsStep } from "./models-step.tsx";
import { WizardSteps } from "./wizard-steps.tsx";

/** A failure at anything but these is one of the connection, which the first step holds. */
const fieldsOfModels = ["models", "aliases"];

export function AddEndpointPage() {
  const [step, setStep] = useState(0);
  const [presetId, setPresetId] = useState<string | null>(null);
  const [draft, setDraft] = useState(emptyDraft);
  const [validation, setValidation] = useState<Validation | null>(null);
  const [selection, setSelection] = useState(emptySelection);
  const creation = useMutation({
    mutationFn: () => createEndpoint(draft, selection),
    onSuccess: () => setStep(3),
    onError: (error) => {
      const field = error instanceof ApiError ? error.field : null;
      if (field !== null && !fieldsOfModels.includes(field.split(".")[0] ?? "")) setStep(0);
    },
  });
  const body = useFocusOnStep(step);
  const back = (to: number) => {
    creation.reset();
    setStep(to);
  };
  return (
    <Page
      title="Add an endpoint"
      description="A provider or a server of your own, whose models people then call through Headgate."
      trail={<Link to="/endpoints">Endpoints</Link>}
    >
      <WizardSteps current={step} />
      <div ref={body} tabIndex={-1} className="max-w-4xl outline-none">
        {step === 0 && (
          <ConnectionStep
            draft={draft}
            change={(changes) => setDraft((before) => ({ ...before, ...changes }))}
            presetId={presetId}
            onPreset={setPresetId}
            laterError={creation.error}
            onChecked={(checked) => {
              creation.reset();
              setValidation(checked);
              setStep(1);
            }}
          />
        )}
        {step === 1 && validation && (
          <CheckStep
            draft={draft}
            validation={validation}
            onChecked={setValidation}
            onBack={() => back(0)}
            onNext={() => setStep(2)}
          />
        )}
        {step === 2 && validation && (
          <ModelsStep
            listed={validation.models}
            isChecked={validation.stage === "empty" || validation.ok}
            selection={selection}
            change={(changes) => {
              creation.reset();
              setSelection((before) => ({ ...before, ...changes }));
            }}
            error={creation.error}
            isCreating={creation.isPending}
            onBack={() => back(1)}
            onCreate={() => creation.mutate()}
          />
        )}
        {step === 3 && creation.data && <CreatedStep created={creation.data} />}
      </div>
    </Page>
  );
}

/** Moves the focus to what is new, for those who can't see that it is; not when the page opens. */
function useFocusOnStep(step: number) {
  const ref = useRef<HTMLDivElement>(null);
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    ref.current?.focus({ preventScroll: true });
    window.scrollTo({ top: 0 });
  }, [step]);
  return ref;
}
