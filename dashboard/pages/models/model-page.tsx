// One model: how it is, where its calls go, how to use it, its settings.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import type { NewKeyBody } from "../../../src/api/keys.ts";
import type { CatalogueModelBody, ModelBody } from "../../../src/api/models.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { isGone, NotThere } from "../../components/not-there.tsx";
import { Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { Tabs } from "../../components/tabs.tsx";
import { WhatIsLeft } from "../../components/what-is-left.tsx";
import { useCan, useReach } from "../../session/session.ts";
import { ModelPriceCard } from "../prices/model-price-card.tsx";
import { CatalogueModel } from "./catalogue-model.tsx";
import { DeploymentsTab } from "./deployments-tab.tsx";
import { ModelActions } from "./model-actions.tsx";
import { modelQuery } from "./model-query.ts";
import { ModelSettingsTab } from "./model-settings-tab.tsx";
import { ModelSummary } from "./model-summary.tsx";
import { UseIt } from "./use-it.tsx";

const trail = <Link to="/models">Models</Link>;
/** Latencies and calls in flight change without an event, ms. */
const refreshMs = 5000;

export function ModelPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const seesAll = useReach("models.read") === "all";
  const query = useQuery({ ...modelQuery(id), refetchInterval: ({ state }) => seesAll && state.error === null && refreshMs });
  if (query.data === undefined || isGone(query.error)) {
    return (
      <Page title="Model" trail={trail}>
        {query.isPending ? (
          <Skeleton />
        ) : (
          <NotThere error={query.error} onRetry={() => void query.refetch()} what="model" list="/models">
            {seesAll ? "It may have been deleted." : "It may have been deleted, or you may not use it any more."}
          </NotThere>
        )}
      </Page>
    );
  }
  const { body, etag } = query.data;
  return <Model key={id} model={body} etag={etag} />;
}

function Model({ model, etag }: { model: ModelBody | CatalogueModelBody; etag: string | null }) {
  // Here and not in its tab: a key that was made must not go while somebody looks at another one.
  const [key, setKey] = useState<NewKeyBody | null>(null);
  const useIt = <UseIt model={model} made={key} onMade={setKey} />;
  if (!("deployments" in model)) return <CatalogueModel model={model} trail={trail} useIt={useIt} />;
  return <FullModel model={model} etag={etag} useIt={useIt} />;
}

function FullModel({ model, etag, useIt }: { model: ModelBody; etag: string | null; useIt: React.ReactNode }) {
  const mayWrite = useCan("models.write");
  return (
    <Page
      title={model.name}
      trail={trail}
      description={
        <span className="flex items-center gap-2">
          <StatusBadge status={model.status} />
          {model.kind === "virtual" ? "virtual model" : "pool"}
        </span>
      }
      actions={<ModelActions model={model} />}
    >
      <Tabs
        label="Model"
        tabs={[
          {
            id: "deployments",
            label: model.kind === "virtual" ? "Targets" : "Deployments",
            content: (
              <div className="flex flex-col gap-5">
                <DeploymentsTab model={model} />
                <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
                  <ModelPriceCard model={model.name} />
                  <WhatIsLeft kind="model" id={model.id} description="Of all callers together." />
                </div>
                <ModelSummary model={model} />
              </div>
            ),
          },
          { id: "use", label: "Use it", content: useIt },
          ...(mayWrite ? [{ id: "settings", label: "Settings", content: <ModelSettingsTab model={model} etag={etag} /> }] : []),
        ]}
      />
    </Page>
  );
}
