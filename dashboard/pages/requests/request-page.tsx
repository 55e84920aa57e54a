// The story of one request: who asked for what, every attempt with its reason and times, tokens, and its bodies where they are kept.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { RequestBody } from "../../../src/api/requests.ts";
import { itemQuery } from "../../api/queries.ts";
import { Card, Facts, Figure } from "../../components/card.tsx";
import { NotThere } from "../../components/not-there.tsx";
import { Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { exactTime } from "../../components/time.tsx";
import { count, duration, usd } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";
import { AttemptsTable } from "./attempts-table.tsx";
import { CostCard } from "./cost-card.tsx";
import { RequestBodies } from "./request-bodies.tsx";
import { callerOf, Outcome } from "./request-columns.tsx";
import { Waterfall } from "./waterfall.tsx";

const trail = <Link to="/requests">Requests</Link>;
/** How often a request that is still running is asked for again, ms. */
const pollMs = 1500;

export function RequestPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    ...itemQuery<RequestBody>("requests", `/requests/${encodeURIComponent(id)}`),
    refetchInterval: ({ state }) =>
      state.data?.state === "in_progress" || (state.status === "error" && isNew(id)) ? pollMs : false,
  });
  if (query.data) return <Story request={query.data} />;
  return (
    <Page title="Request" trail={trail}>
      {query.isPending ? (
        <Skeleton lines={8} />
      ) : (
        <NotThere error={query.error} onRetry={() => void query.refetch()} what="request" list="/requests">
          One that has just ended appears within seconds. Else it is older than requests are kept, or not yours to see.
        </NotThere>
      )}
    </Page>
  );
}

/** The ledger has a request some seconds after its end; its id begins with the time (UUID version 7, in hex). */
function isNew(id: string): boolean {
  const beganMs = Number.parseInt(id.replace("req_", "").slice(0, 12), 16);
  return Math.abs(Date.now() - beganMs) < 60_000;
}

function Story({ request }: { request: RequestBody }) {
  const { tokens } = request;
  const seesEndpoints = useCan("endpoints.read");
  return (
    <Page title={request.model ?? request.path} trail={trail} actions={<Outcome request={request} />}>
      <div className="grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-6">
        <Figure label="Duration" value={duration(request.duration_ms)} />
        <Figure label="First token" value={duration(request.ttft_ms)} />
        <Figure label="Input tokens" value={count(tokens.input_tokens)} detail={cached(request)} />
        <Figure
          label="Output tokens"
          value={count(tokens.output_tokens)}
          detail={`${count(tokens.reasoning_tokens)} of reasoning`}
        />
        <Figure
          label="Cost"
          value={<Cost value={request.cost_usd} />}
          detail={request.cost_usd === null ? "not known" : "all attempts"}
        />
        <Figure label="Tokens are" value={request.usage_source} />
      </div>
      <Card title="Attempts" description="In order, each with the reason why it went there." isFlush>
        <Waterfall request={request} seesEndpoints={seesEndpoints} />
        <AttemptsTable attempts={request.attempts} seesEndpoints={seesEndpoints} />
      </Card>
      <CostCard request={request} seesEndpoints={seesEndpoints} />
      <Card title="Request">
        <Facts
          facts={[
            [
              "Id",
              <code key="id" className="font-mono text-xs">
                {request.id}
              </code>,
            ],
            ["Time", exactTime(request.started_at)],
            ["Caller", callerOf(request)],
            ["Paid by", request.group_name ?? request.group],
            ["Call", <code key="call" className="font-mono text-xs">{`${request.method} ${request.path}`}</code>],
            ["Streamed", request.stream ? "yes" : "no"],
          ]}
        />
      </Card>
      {request.bodies_kept && <RequestBodies request={request} />}
    </Page>
  );
}

/** Small sums are long. */
function Cost({ value }: { value: number | null }) {
  const text = usd(value);
  return text.length > 9 ? <span className="text-lg">{text}</span> : text;
}

function cached({ tokens }: RequestBody): string {
  const parts = [`${count(tokens.cached_input_tokens)} more cached`];
  if (tokens.cache_write_tokens > 0) parts.push(`${count(tokens.cache_write_tokens)} written to the cache`);
  return parts.join(", ");
}
