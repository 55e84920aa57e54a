// One manifest: how its last fetch went, and what became of each of its entries.
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import type { ManifestBody } from "../../../src/api/manifests.ts";
import { itemQuery } from "../../api/queries.ts";
import { LinkButton } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { isGone, NotThere } from "../../components/not-there.tsx";
import { Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { useCan } from "../../session/session.ts";
import { ManifestActions } from "./manifest-actions.tsx";
import { ManifestEntriesTable } from "./manifest-entries-table.tsx";
import { ManifestSummary } from "./manifest-summary.tsx";

const trail = <Link to="/manifests">Manifests</Link>;

export function ManifestPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(itemQuery<ManifestBody>("manifests", `/manifests/${id}`));
  const canWrite = useCan("manifests.write");
  if (query.data === undefined || isGone(query.error)) {
    return (
      <Page title="Manifest" trail={trail}>
        {query.isPending ? (
          <Skeleton />
        ) : (
          <NotThere error={query.error} onRetry={() => void query.refetch()} what="manifest" list="/manifests" />
        )}
      </Page>
    );
  }
  const manifest = query.data;
  return (
    <Page title={manifest.name} trail={trail} actions={canWrite && <ManifestActions manifest={manifest} />}>
      <ManifestSummary manifest={manifest} />
      <Card
        isFlush
        title="Entries"
        description="What the manifest lists. Each that can be used is an endpoint."
        actions={
          manifest.entries.length > 0 && (
            <LinkButton to="/endpoints" search={{ search: `${manifest.name}.` } as never}>
              Show its endpoints
            </LinkButton>
          )
        }
      >
        <ManifestEntriesTable manifest={manifest} />
      </Card>
    </Page>
  );
}
