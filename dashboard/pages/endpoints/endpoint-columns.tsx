// What a table of endpoints shows of each.
import { Link } from "@tanstack/react-router";
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import type { Column } from "../../components/data-table.tsx";
import { EndpointStatus, LastSync, ModelCounts, OriginBadge } from "./endpoint-status.tsx";

export const endpointColumns: readonly Column<EndpointBody>[] = [
  {
    header: "Name",
    isName: true,
    cell: (endpoint) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link to="/endpoints/$id" params={{ id: endpoint.id } as never} className="text-accent-strong hover:underline">
          {endpoint.name}
        </Link>
        <OriginBadge endpoint={endpoint} />
      </span>
    ),
  },
  {
    header: "URL",
    cell: ({ url }) => (
      <span title={url} className="block font-mono text-xs md:max-w-64 md:truncate">
        {url}
      </span>
    ),
  },
  { header: "Status", cell: (endpoint) => <EndpointStatus endpoint={endpoint} /> },
  { header: "Models", cell: ({ model_counts: counts }) => <ModelCounts counts={counts} /> },
  { header: "Last synchronization", cell: (endpoint) => <LastSync endpoint={endpoint} /> },
];
