// The endpoints: whether they work, what they have, when they were last asked.
import { Plus } from "lucide-react";
import { LinkButton } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { Filters, SearchBox } from "../../components/filters.tsx";
import { Page } from "../../components/page.tsx";
import { useCan } from "../../session/session.ts";
import { DeletedEndpoints } from "./deleted-endpoints.tsx";
import { EndpointsDataTable } from "./endpoints-data-table.tsx";

export function EndpointsPage() {
  const mayWrite = useCan("endpoints.write");
  const action = mayWrite && (
    <LinkButton to="/endpoints/new" look="primary" icon={<Plus size={16} aria-hidden />}>
      Add endpoint
    </LinkButton>
  );
  return (
    <Page title="Endpoints" description="Providers and servers whose models people call through Headgate." actions={action}>
      {mayWrite && <DeletedEndpoints />}
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by name" />
        </Filters>
        <EndpointsDataTable createAction={action} />
      </Card>
    </Page>
  );
}
