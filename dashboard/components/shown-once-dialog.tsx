// Shows a secret that nobody can ever read again.
import { Button } from "./button.tsx";
import { CopyLine } from "./copyable.tsx";
import { Dialog } from "./dialog.tsx";
import { Notice } from "./notice.tsx";

export interface ShownOnceDialogProps {
  title: string;
  /** What it is called: "key", "link". */
  label: string;
  secret: string;
  warning: string;
  onClose: () => void;
  children?: React.ReactNode;
}

/** Only its button closes it: a slip must not lose the secret. */
export function ShownOnceDialog({ title, label, secret, warning, onClose, children }: ShownOnceDialogProps) {
  return (
    <Dialog title={title} isSticky isWide onClose={onClose}>
      <div className="flex flex-col gap-4">
        <CopyLine text={secret} label={label} />
        <Notice tone="warn">{warning}</Notice>
        {children}
        <div className="flex justify-end">
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
