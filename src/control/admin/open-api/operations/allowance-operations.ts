// Allowances in the OpenAPI document.
import type { AllowanceBody } from "../../../../api/allowances.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";

const nearTheEnd: AllowanceBody = {
  kind: "key",
  id: exampleIds.key,
  name: "ci",
  limits: {
    requests_per_minute: 60,
    budget_usd: 50,
    budget_period: "month",
    budget_timezone: "Europe/Berlin",
    budget_unpriced: "deny",
  },
  used_share: 0.938,
  requests_per_second: null,
  requests_per_minute: { limit: 60, used: 3, remaining: 57, resets_at: exampleTimes.changed },
  tokens_per_minute: null,
  concurrent_requests: null,
  budget: {
    limit_usd: 50,
    spent_usd: 46.75,
    reserved_usd: 0.15,
    remaining_usd: 3.1,
    period: "month",
    timezone: "Europe/Berlin",
    unpriced: "deny",
    started_at: "2026-10-31T23:00:00.000Z",
    resets_at: "2026-11-30T23:00:00.000Z",
    share: 0.938,
  },
};

export const allowanceOperations: OperationDocs = {
  "GET /allowances": {
    id: "listAllowances",
    description:
      "`used_share` is that of the limit of which most is used; the list begins with the highest. Keys, users, groups and models that the role does not show are left out.",
    query: { kind: "key", near: "true" },
    answer: { page: { data: [nearTheEnd], next_cursor: null } },
  },
  "GET /allowances/:kind/:id": {
    id: "getAllowance",
    description: "Also of one without limits: then all is null, and `used_share` 0.",
    answer: { near_the_end: nearTheEnd },
  },
};
