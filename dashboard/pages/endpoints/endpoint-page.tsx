// One endpoint: how it is, its models, its synchronizations, its settings.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { itemQuery } from "../../api/queries.ts";
import { isGone, NotThere } from "../../components/not-there.tsx";
import { Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { useCan } from "../../session/session.ts";
import { EndpointActions } from "./endpoint-actions.tsx";
import { EndpointModelsTab } from "./endpoint-models-tab.tsx";
import { EndpointSettingsTab } from "./endpoint-settings-tab.tsx";
import { EndpointSummary } from "./endpoint-summary.tsx";
import { SyncRunsTab } from "./sync-runs-tab.tsx";

const trail = <Link to="/endpoints">Endpoints</Link>;
/** How often one that is being synchronized is asked how far it is, ms. */
const progressMs = 1000;

export function EndpointPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    ...itemQuery<EndpointBody>("endpoints", `/endpoints/${id}`),
    refetchInterval: ({ state }) => (state.data?.sync_in_progress ? progressMs : false),
  });
  const canWrite = useCan("endpoints.write");
  if (query.data === undefined || isGone(query.error)) {
    return (
      <Page title="Endpoint" trail={trail}>
        {query.isPending ? (
          <Skeleton />
        ) : (
          <NotThere error={query.error} onRetry={() => void query.refetch()} what="endpoint" list="/endpoints" />
        )}
      </Page>
    );
  }
  const endpoint = query.data;
  const isManaged = canWrite && endpoint.origin !== "manifest";
  return (
    <Page
      title={endpoint.name}
      trail={trail}
      description={endpoint.description}
      actions={isManaged && <EndpointActions endpoint={endpoint} />}
    >
      <EndpointSummary endpoint={endpoint} />
      <Tabs
        label="Endpoint"
        tabs={[
          { id: "models", label: "Models", content: <EndpointModelsTab endpoint={endpoint} /> },
          ...(endpoint.origin === "manifest"
            ? []
            : [{ id: "history", label: "Synchronizations", content: <SyncRunsTab endpointId={endpoint.id} /> }]),
          { id: "settings", label: "Settings", content: <EndpointSettingsTab endpoint={endpoint} isManaged={isManaged} /> },
        ]}
      />
    </Page>
  );
}
