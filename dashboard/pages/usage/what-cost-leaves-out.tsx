// What a sum of costs does not say by itself: requests that have no price, and those whose tokens are an estimate.
import { Link } from "@tanstack/react-router";
import type { UsageRowBody } from "../../../src/api/usage.ts";
import { Notice } from "../../components/notice.tsx";
import { counted, percent } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";

export function WhatCostLeavesOut({ total }: { total: UsageRowBody | undefined }) {
  const seesPrices = useCan("prices.read");
  if (total === undefined || total.requests === 0) return null;
  const { requests, unpriced_requests: unpriced, estimated_requests: estimated } = total;
  if (unpriced === 0 && estimated === 0) return null;
  const part = (some: number) => `${counted(some, "request")} (${percent(some / requests)})`;
  return (
    <Notice tone={unpriced > 0 ? "warn" : "info"}>
      {unpriced > 0 && (
        <p>
          {part(unpriced)} used a model without a price: their tokens are counted, what they cost is not in the sum.{" "}
          {seesPrices && (
            <Link to="/prices" search={{ status: "unpriced" } as never} className="font-medium underline">
              See models without a price
            </Link>
          )}
        </p>
      )}
      {estimated > 0 && (
        <p>
          {part(estimated)} are estimated: the provider did not say how many tokens they were, as when a caller hangs up, so they
          are counted from the bytes.
        </p>
      )}
    </Notice>
  );
}
