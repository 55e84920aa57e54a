// The sums of a report.
import type { UsageRowBody } from "../../../src/api/usage.ts";
import { Figure } from "../../components/card.tsx";
import { count, counted, percent, usd } from "../../format/figures.ts";

export function UsageFigures({ total }: { total: UsageRowBody }) {
  const part = (of: number) => (total.requests === 0 ? "0 %" : percent(of / total.requests));
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
      <Figure label="Requests" value={count(total.requests)} detail={`${part(total.errors)} errors`} />
      <Figure label="Input tokens" value={count(total.input_tokens)} detail={`and ${count(total.cached_input_tokens)} cached`} />
      <Figure label="Output tokens" value={count(total.output_tokens)} detail="with reasoning" />
      <Figure label="Cost" value={usd(total.cost_usd)} detail={perRequest(total)} />
      <Figure
        label="Without a price"
        value={part(total.unpriced_requests)}
        detail={counted(total.unpriced_requests, "request")}
      />
      <Figure label="Estimated" value={part(total.estimated_requests)} detail={counted(total.estimated_requests, "request")} />
    </div>
  );
}

/** Of those whose cost is known. */
function perRequest({ cost_usd: cost, requests, unpriced_requests: unpriced }: UsageRowBody): string {
  const priced = requests - unpriced;
  return cost === null || priced <= 0 ? "nothing has a price" : `${usd(cost / priced)} a request`;
}
