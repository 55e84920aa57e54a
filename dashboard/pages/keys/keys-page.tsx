// The keys that one may see; making one.
import { Plus } from "lucide-react";
import { useState } from "react";
import { ActiveFilters } from "../../components/active-filters.tsx";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { Filters, SearchBox } from "../../components/filters.tsx";
import { Page } from "../../components/page.tsx";
import { useCan, useReach } from "../../session/session.ts";
import { KeysDataTable } from "./keys-data-table.tsx";
import { NewKeyDialog } from "./new-key-dialog.tsx";

export function KeysPage() {
  const [isAdding, setAdding] = useState(false);
  const isOwn = useReach("keys.read") === "own";
  const action = useCan("keys.write") && (
    <Button look="primary" icon={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Create key
    </Button>
  );
  return (
    <Page
      title="Keys"
      description={
        isOwn
          ? "Your keys: programs call models with them, as you."
          : "Programs call models with keys. A key does what its owner may do, or less."
      }
      actions={action}
    >
      <Card isFlush>
        <Filters>
          <SearchBox label="Search by name or prefix" />
        </Filters>
        <div className="px-3 pt-3 empty:hidden">
          <ActiveFilters names={["user", "group"]} />
        </div>
        <KeysDataTable createAction={action} />
      </Card>
      {isAdding && <NewKeyDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}
