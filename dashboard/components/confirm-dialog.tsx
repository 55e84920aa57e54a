// Asks before something that can't be taken back, says what goes with it, and shows why it failed.
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, useRef } from "react";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { messageOf, Notice } from "./notice.tsx";

export interface ConfirmDialogProps {
  title: string;
  /** The verb: "Delete key". */
  confirmLabel: string;
  isDanger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children?: ReactNode;
}

/** Closes itself when `onConfirm` has resolved. */
export function ConfirmDialog({ title, confirmLabel, isDanger = true, onConfirm, onClose, children }: ConfirmDialogProps) {
  const action = useMutation({ mutationFn: onConfirm, onSuccess: onClose });
  const isBegun = useRef(false);
  const begin = () => {
    // A double click must not begin it twice.
    if (isBegun.current) return;
    isBegun.current = true;
    action.mutate(undefined, {
      onSettled: () => {
        isBegun.current = false;
      },
    });
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="flex flex-col gap-4">
        {children && <div className="text-sm">{children}</div>}
        {action.isError && <Notice tone="bad">{messageOf(action.error)}</Notice>}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button look={isDanger ? "danger" : "primary"} isBusy={action.isPending} onClick={begin}>
            {confirmLabel}
          </Button>
        </div>
      </div>
    </Dialog>
  );
}
