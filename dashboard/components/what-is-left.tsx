// What is left of the limits of a key, user, group or model, as it is now.
import { useQuery } from "@tanstack/react-query";
import type { AllowanceBody } from "../../src/api/allowances.ts";
import { itemQuery } from "../api/queries.ts";
import { allowedOf } from "./allowance-meters.ts";
import { Card } from "./card.tsx";
import { Meter } from "./meter.tsx";
import { ErrorState, Skeleton } from "./notice.tsx";

/** What calls use tells no event, ms. */
const refreshMs = 3000;

export interface WhatIsLeftProps {
  kind: AllowanceBody["kind"];
  id: string;
  /** Who else a call has to do with. */
  description?: string;
}

export function WhatIsLeft({ kind, id, description }: WhatIsLeftProps) {
  const query = useQuery({
    // With its holder: changed limits show at once.
    ...itemQuery<AllowanceBody>(`${kind}s`, `/allowances/${kind}/${encodeURIComponent(id)}`),
    refetchInterval: ({ state }) => state.error === null && refreshMs,
  });
  const allowed = query.data && allowedOf(query.data);
  return (
    <Card title="What is left" description={description} isLandmark>
      {query.isPending && <Skeleton lines={2} />}
      {query.isError && query.data === undefined && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {allowed?.length === 0 && <p className="text-muted">Nothing is limited here.</p>}
      {allowed !== undefined && allowed.length > 0 && (
        <ul className="grid grid-cols-1 gap-x-8 gap-y-5 md:grid-cols-2">
          {allowed.map((one) => (
            <li key={one.name} className="min-w-0">
              <Meter allowed={one} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
