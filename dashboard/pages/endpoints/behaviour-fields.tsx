// The fields of an endpoint that say how it is used: share of a pool, synchronization, probe, timeouts.
import { SelectField, TextField } from "../../components/form.tsx";
import { TimeoutFields } from "../../components/timeout-fields.tsx";
import type { DraftProps } from "./connection-fields.tsx";

const probeKinds = [
  ["", "No probe: only calls show its health"],
  ["models", "Ask for its list of models"],
  ["completion", "Ask each model for one token"],
] as const;

export function BehaviourFields({ draft, change }: DraftProps) {
  return (
    <div className="grid grid-cols-1 gap-4 md:grid-cols-3">
      <TextField
        label="Synchronize every"
        name="sync_interval"
        placeholder="1h"
        hint="Such as 30m or 1h; 0: only on demand."
        value={draft.syncInterval}
        onChange={(syncInterval) => change({ syncInterval })}
      />
      <TextField
        label="Weight"
        name="weight"
        type="number"
        min={1}
        max={1000}
        placeholder="1"
        hint="Share of the calls where several endpoints have the model."
        value={draft.weight}
        onChange={(weight) => change({ weight })}
      />
      <SelectField
        label="Probe"
        name="probe.kind"
        hint="Asks, between calls, whether it works."
        options={probeKinds}
        value={draft.probeKind}
        onChange={(probeKind) => change({ probeKind })}
      />
      {draft.probeKind !== "" && (
        <>
          <TextField
            label="Probe every"
            name="probe.interval"
            placeholder="30s"
            value={draft.probeInterval}
            onChange={(probeInterval) => change({ probeInterval })}
          />
          <TextField
            label="A probe may take"
            name="probe.timeout"
            placeholder="10s"
            value={draft.probeTimeout}
            onChange={(probeTimeout) => change({ probeTimeout })}
          />
        </>
      )}
      <div className="col-span-full">
        <TimeoutFields
          value={draft.timeouts}
          onChange={(timeouts) => change({ timeouts })}
          emptyMeans="what is set for the whole installation"
        />
      </div>
    </div>
  );
}
