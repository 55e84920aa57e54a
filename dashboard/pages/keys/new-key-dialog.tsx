// Makes a key and shows it once, with a call to try it.
import { useState } from "react";
import type { NewKeyBody } from "../../../src/api/keys.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { gatewayUrl } from "../../base-path.ts";
import { CodeBlock } from "../../components/copyable.tsx";
import { Dialog } from "../../components/dialog.tsx";
import type { Choice } from "../../components/picker.tsx";
import { ShownOnceDialog } from "../../components/shown-once-dialog.tsx";
import { KeyForm } from "./key-form.tsx";

export function NewKeyDialog({ owner, onClose }: { owner?: Choice; onClose: () => void }) {
  const [made, setMade] = useState<NewKeyBody | null>(null);
  if (made !== null) return <NewKey made={made} title={`Key “${made.name}” created`} onClose={onClose} />;
  return (
    <Dialog title="Create a key" onClose={onClose}>
      <KeyForm
        keyBody={null}
        {...(owner && { owner })}
        submitLabel="Create key"
        onSubmit={(body) => post<NewKeyBody>("/keys", body)}
        onDone={(key) => {
          setMade(key);
          void queryClient.invalidateQueries({ queryKey: ["keys"] });
        }}
        onCancel={onClose}
      />
    </Dialog>
  );
}

/** The key itself: after create and rotate. */
export function NewKey({ made, title, onClose }: { made: NewKeyBody; title: string; onClose: () => void }) {
  return (
    <ShownOnceDialog
      title={title}
      label="key"
      secret={made.key}
      warning="Copy it now: Headgate keeps only a digest and cannot show it again."
      onClose={onClose}
    >
      <CodeBlock
        label="call that lists its models"
        code={`curl ${gatewayUrl}/v1/models \\\n  -H "authorization: Bearer ${made.key}"`}
      />
    </ShownOnceDialog>
  );
}
