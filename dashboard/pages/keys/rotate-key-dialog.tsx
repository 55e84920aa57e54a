// Gives a key a new secret; the old one may go on for a while, so that programs can change over.
import { useState } from "react";
import type { KeyBody, NewKeyBody } from "../../../src/api/keys.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Form, SelectField } from "../../components/form.tsx";
import { NewKey } from "./new-key-dialog.tsx";

const overlaps = [
  ["0", "Ends at once"],
  ["3600", "Works for 1 hour"],
  ["86400", "Works for 1 day"],
  ["604800", "Works for 7 days"],
  ["2592000", "Works for 30 days"],
] as const;

export function RotateKeyDialog({ keyBody: key, onClose }: { keyBody: KeyBody; onClose: () => void }) {
  const [overlap, setOverlap] = useState("86400");
  const [made, setMade] = useState<NewKeyBody | null>(null);
  if (made !== null) return <NewKey made={made} title={`New secret of “${key.name}”`} onClose={onClose} />;
  return (
    <Dialog title={`Rotate “${key.name}”`} description="The key gets a new secret and keeps everything else." onClose={onClose}>
      <Form
        submitLabel="Rotate key"
        onSubmit={() => post<NewKeyBody>(`/keys/${key.id}/rotate`, { overlap_seconds: Number(overlap) })}
        onDone={(rotated) => {
          setMade(rotated);
          void queryClient.invalidateQueries({ queryKey: ["keys"] });
        }}
        onCancel={onClose}
      >
        <SelectField label="The old secret" name="overlap_seconds" options={overlaps} value={overlap} onChange={setOverlap} />
      </Form>
    </Dialog>
  );
}
