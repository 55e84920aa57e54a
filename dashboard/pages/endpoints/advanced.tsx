// The part of a form that is rarely needed: closed, until something in it is wrong.
import { type ReactNode, useEffect, useState } from "react";
import { useFailedField } from "../../components/form.tsx";

/** `fields`: the API's names of what it holds. */
export function Advanced({ fields, children }: { fields: readonly string[]; children: ReactNode }) {
  const [isOpen, setOpen] = useState(false);
  const failed = useFailedField()?.split(".")[0];
  const isFailed = failed !== undefined && fields.includes(failed);
  useEffect(() => {
    if (isFailed) setOpen(true);
  }, [isFailed]);
  return (
    <details
      open={isOpen}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      className="rounded-md border border-line px-3.5 py-2.5"
    >
      <summary className="text-sm font-medium">Advanced</summary>
      <div className="mt-3 flex flex-col gap-4">{children}</div>
    </details>
  );
}

export const advancedFields = [
  "dialect",
  "auth_header_name",
  "auth_header_prefix",
  "headers",
  "query",
  "sync_interval",
  "weight",
  "probe",
  "timeouts",
] as const;
