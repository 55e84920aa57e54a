// What an answer cost, as the ledger has it: with what was cached, and at the price that holds at the endpoint that answered.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { RequestBody } from "../../../src/api/requests.ts";
import { listQuery } from "../../api/queries.ts";
import { usd } from "../../format/figures.ts";

/** The ledger has a request a second or so after its end. */
const againMs = 1000;
const patienceMs = 30_000;

export function AnswerCost({ requestId }: { requestId: string }) {
  const [isWaiting, setWaiting] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setWaiting(false), patienceMs);
    return () => clearTimeout(timer);
  }, []);
  // The list, as one that is not there yet is no error there.
  const query = useQuery({
    ...listQuery<RequestBody>("requests", "/requests", { search: requestId, limit: 1 }),
    refetchInterval: ({ state }) => isWaiting && !isOver(state.data?.data[0]) && againMs,
  });
  const request = query.data?.data[0];
  if (!isOver(request)) {
    return <span className="text-muted">{isWaiting ? "…" : "not recorded yet"}</span>;
  }
  if (request.cost_usd === null) return <span title="The model has no price: the cost is in no sum">no price</span>;
  const isEstimated = request.usage_source === "estimated";
  return (
    <span title={isEstimated ? "Estimated: the provider did not say how many tokens it was" : undefined}>
      {isEstimated && "≈ "}
      {usd(request.cost_usd)}
    </span>
  );
}

function isOver(request: RequestBody | undefined): request is RequestBody {
  return request !== undefined && request.state !== "in_progress";
}
