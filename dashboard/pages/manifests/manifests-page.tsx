// The manifests that are followed; following one more.
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { Filters, SearchBox } from "../../components/filters.tsx";
import { Page } from "../../components/page.tsx";
import { useCan } from "../../session/session.ts";
import { AddManifestDialog } from "./add-manifest-dialog.tsx";
import { ManifestsDataTable } from "./manifests-data-table.tsx";

export function ManifestsPage() {
  const [isAdding, setAdding] = useState(false);
  const action = useCan("manifests.write") && (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Add manifest
    </Button>
  );
  return (
    <Page title="Manifests" description="Lists of endpoints that are kept elsewhere and followed here." actions={action}>
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by name" />
        </Filters>
        <ManifestsDataTable createAction={action} />
      </Card>
      {isAdding && <AddManifestDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
