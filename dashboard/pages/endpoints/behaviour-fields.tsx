// The fields of an endpoint that say how it is used: share of a pool, synchronization, probe, timeouts.
import { SelectField, TextField } from "../../components/form.tsx";
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
      <TimeoutFields draft={draft} change={change} />
    </div>
  );
}

function TimeoutFields({ draft, change }: DraftProps) {
  return (
    <fieldset className="col-span-full grid grid-cols-2 gap-4 md:grid-cols-4">
      <legend className="mb-2 text-sm text-muted">
        How long a call may wait, such as 10s. Empty: what is set for the whole installation.
      </legend>
      <TextField
        label="To connect"
        name="timeouts.connect"
        placeholder="default"
        value={draft.connect}
        onChange={(connect) => change({ connect })}
      />
      <TextField
        label="First byte"
        name="timeouts.first_byte"
        placeholder="default"
        value={draft.firstByte}
        onChange={(firstByte) => change({ firstByte })}
      />
      <TextField
        label="Between bytes"
        name="timeouts.idle"
        placeholder="default"
        value={draft.idle}
        onChange={(idle) => change({ idle })}
      />
      <TextField
        label="In all"
        name="timeouts.total"
        placeholder="default"
        value={draft.total}
        onChange={(total) => change({ total })}
      />
    </fieldset>
  );
}
