// The settings of a model: of a new virtual one, or of one that is there.
import { useState } from "react";
import type { Strategy } from "../../../src/domain/pool.ts";
import { Form, SelectField, TextField } from "../../components/form.tsx";
import { LimitsFields } from "../../components/limits-fields.tsx";
import { TimeoutFields } from "../../components/timeout-fields.tsx";
import { Advanced } from "../endpoints/advanced.tsx";
import { GroupsField } from "./groups-field.tsx";
import { HedgeFields } from "./hedge-fields.tsx";
import type { ModelDraft } from "./model-draft.ts";
import { PoolTargetsField } from "./pool-targets-field.tsx";
import { strategyOptions, strategyTexts } from "./strategy-texts.ts";
import { TargetsField } from "./targets-field.tsx";

const advancedFields = ["max_attempts", "hedge", "timeouts", "groups", "limits"] as const;

export interface ModelFormProps<Result> {
  kind: "pool" | "virtual";
  initial: ModelDraft;
  submitLabel: string;
  onSubmit: (draft: ModelDraft) => Promise<Result>;
  onDone: (result: Result) => void;
  onCancel?: () => void;
  /** What is rarely needed is closed at first: for new ones. */
  isBrief?: boolean;
}

export function ModelForm<Result>(props: ModelFormProps<Result>) {
  const { kind, initial, submitLabel, onSubmit, onDone, onCancel, isBrief = false } = props;
  const [draft, setDraft] = useState(initial);
  const change = (changes: Partial<ModelDraft>) => setDraft((before) => ({ ...before, ...changes }));
  const rest = <RestFields draft={draft} change={change} />;
  return (
    <Form
      submitLabel={submitLabel}
      onSubmit={() => onSubmit(draft)}
      onDone={onDone}
      onCancel={onCancel}
      isIncomplete={kind === "virtual" && draft.targets.length === 0}
    >
      {kind === "virtual" && (
        <TextField
          label="Name"
          name="name"
          hint="What callers use as the model."
          required
          maxLength={256}
          value={draft.name}
          onChange={(name) => change({ name })}
        />
      )}
      <SelectField
        label="Strategy"
        name="strategy"
        hint={strategyTexts[draft.strategy].sentence}
        options={strategyOptions}
        value={draft.strategy}
        onChange={(strategy) => change({ strategy: strategy as Strategy })}
      />
      {kind === "virtual" ? (
        <TargetsField targets={draft.targets} onChange={(targets) => change({ targets })} />
      ) : (
        <PoolTargetsField targets={draft.targets} onChange={(targets) => change({ targets })} />
      )}
      {isBrief ? <Advanced fields={advancedFields}>{rest}</Advanced> : rest}
    </Form>
  );
}

function RestFields({ draft, change }: { draft: ModelDraft; change: (changes: Partial<ModelDraft>) => void }) {
  return (
    <>
      <GroupsField groups={draft.groups} onChange={(groups) => change({ groups })} />
      <LimitsFields
        legend="Limits of this model"
        hint="Of all callers together."
        value={draft.limits}
        onChange={(limits) => change({ limits })}
      />
      <TextField
        label="Attempts of one call"
        name="max_attempts"
        type="number"
        min={1}
        max={10}
        placeholder="every target once, at most 4"
        hint="How many targets a call may be tried on, the first included."
        isOptional
        value={draft.maxAttempts}
        onChange={(maxAttempts) => change({ maxAttempts })}
      />
      <HedgeFields hedge={draft.hedge} onChange={(hedge) => change({ hedge })} />
      <TimeoutFields value={draft.timeouts} onChange={(timeouts) => change({ timeouts })} emptyMeans="what its endpoint says" />
    </>
  );
}
