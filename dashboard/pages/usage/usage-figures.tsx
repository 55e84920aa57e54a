// The sums of a report.
import type { UsageRowBody } from "../../../src/api/usage.ts";
import { Figure } from "../../components/card.tsx";
import { count, counted, percent, usd } from "../../format/figures.ts";

export function UsageFigures({ total }: { total: UsageRowBody }) {
  const part = (of: number) => (total.requests === 0 ? "0 %" : percent(of / total.requests));
  return (
    <div className="grid grid-cols-2 gap-3 md:grid-cols-5">
      <Figure label="Requests" value={count(total.requests)} detail={`${part(total.errors)} errors`} />
      <Figure label="Input tokens" value={count(total.input_tokens)} detail={`and ${count(total.cached_input_tokens)} cached`} />
      <Figure label="Output tokens" value={count(total.output_tokens)} detail="with reasoning" />
      <Figure
        label="Cost"
        value={usd(total.cost_usd)}
        detail={`${counted(total.unpriced_requests, "request")} without a price`}
      />
      <Figure label="Estimated" value={part(total.estimated_requests)} detail={counted(total.estimated_requests, "request")} />
    </div>
  );
}
