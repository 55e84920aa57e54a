// The migrations, in the order in which they are applied. A released migration is never edited: add the next one.
import { initial } from "./0001-initial.ts";
import { pools } from "./0002-pools.ts";
import { responses } from "./0003-responses.ts";
import { requestIndexes } from "./0004-request-indexes.ts";
import { people } from "./0005-people.ts";
import { accounts } from "./0006-accounts.ts";
import { requestBodies } from "./0007-request-bodies.ts";
import { listIndexes } from "./0008-list-indexes.ts";
import { exportFiles } from "./0009-exports.ts";
import { usageTotals } from "./0010-usage-totals.ts";
import { deletedEndpoints } from "./0011-deleted-endpoints.ts";
import { latencyPaid } from "./0012-latency-paid.ts";
import { tokenDetails } from "./0013-token-details.ts";
import { prices } from "./0014-prices.ts";
import { adjustments } from "./0015-adjustments.ts";
import { attemptPartitions } from "./0016-attempt-partitions.ts";
import { replicas } from "./0017-replicas.ts";
import type { Migration } from "./migration.ts";

export const migrations: readonly Migration[] = [
  { name: "0001-initial", up: initial },
  { name: "0002-pools", up: pools },
  { name: "0003-responses", up: responses },
  { name: "0004-request-indexes", up: requestIndexes },
  { name: "0005-people", up: people },
  { name: "0006-accounts", up: accounts },
  { name: "0007-request-bodies", up: requestBodies },
  { name: "0008-list-indexes", up: listIndexes },
  { name: "0009-exports", up: exportFiles },
  { name: "0010-usage-totals", up: usageTotals },
  { name: "0011-deleted-endpoints", up: deletedEndpoints },
  { name: "0012-latency-paid", up: latencyPaid },
  { name: "0013-token-details", up: tokenDetails },
  { name: "0014-prices", up: prices },
  { name: "0015-adjustments", up: adjustments },
  { name: "0016-attempt-partitions", up: attemptPartitions },
  { name: "0017-replicas", up: replicas },
];
