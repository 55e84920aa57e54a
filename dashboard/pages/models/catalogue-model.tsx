// A model as those see it who use it and see nothing of what stands behind.
import type { ReactNode } from "react";
import type { CatalogueModelBody } from "../../../src/api/models.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { LimitsText } from "../../components/limits-text.tsx";
import { Notice } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { WhatIsLeft } from "../../components/what-is-left.tsx";
import { ModelPriceCard } from "../prices/model-price-card.tsx";
import { ModelLinks } from "./model-actions.tsx";

interface CatalogueModelProps {
  model: CatalogueModelBody;
  trail: ReactNode;
  useIt: ReactNode;
}

export function CatalogueModel({ model, trail, useIt }: CatalogueModelProps) {
  const { name, status, limits } = model;
  return (
    <Page
      title={name}
      trail={trail}
      description={
        <span className="flex flex-wrap items-center gap-2">
          <StatusBadge status={status} />
          {Object.keys(limits).length > 0 && (
            <span>
              all callers together: <LimitsText limits={limits} />
            </span>
          )}
        </span>
      }
      actions={<ModelLinks name={name} />}
    >
      {status === "offline" && (
        <Notice tone="warn" title="It cannot be called at the moment">
          No endpoint serves it now. Calls get 503 <code className="font-mono">model_offline</code>.
        </Notice>
      )}
      {useIt}
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
        <ModelPriceCard model={name} />
        <WhatIsLeft kind="model" id={model.id} description="Of all callers together." />
      </div>
    </Page>
  );
}
