// All repositories over one database handle: the pool, or the transaction that is under way.
import type { Kysely } from "kysely";
import type { Engine, Repositories } from "../ports/storage.ts";
import type { Database } from "../schema/database.ts";
import { adjustmentRepository } from "./adjustments.ts";
import { auditRepository } from "./audit.ts";
import { deletedEndpointRepository } from "./deleted-endpoints.ts";
import { deploymentRepository } from "./deployments.ts";
import { endpointRepository } from "./endpoints.ts";
import { exportRepository } from "./exports.ts";
import { groupRepository } from "./groups.ts";
import { keyRepository } from "./keys.ts";
import { ledgerRepository } from "./ledger.ts";
import { limitHolderRepository } from "./limit-holders.ts";
import { manifestRepository } from "./manifests.ts";
import { metaRepository } from "./meta.ts";
import { modelTargetRepository } from "./model-targets.ts";
import { modelRepository } from "./models.ts";
import { oneTimeLinkRepository } from "./one-time-links.ts";
import { overviewRepository } from "./overview.ts";
import { priceRepository, priceVersionRepository } from "./prices.ts";
import { replicaRepository } from "./replicas.ts";
import { requestBodyRepository } from "./request-bodies.ts";
import { responseRepository } from "./responses.ts";
import { sessionRepository } from "./sessions.ts";
import { syncRunRepository } from "./sync-runs.ts";
import { userRepository } from "./users.ts";
import { workLeaseRepository } from "./work-leases.ts";

export function repositoriesOver(db: Kysely<Database>, engine: Engine): Repositories {
  return {
    meta: metaRepository(db, engine),
    users: userRepository(db, engine),
    groups: groupRepository(db, engine),
    manifests: manifestRepository(db, engine),
    sessions: sessionRepository(db),
    oneTimeLinks: oneTimeLinkRepository(db),
    audit: auditRepository(db),
    endpoints: endpointRepository(db, engine),
    deletedEndpoints: deletedEndpointRepository(db),
    models: modelRepository(db, engine),
    modelTargets: modelTargetRepository(db),
    deployments: deploymentRepository(db),
    syncRuns: syncRunRepository(db),
    keys: keyRepository(db, engine),
    limitHolders: limitHolderRepository(db, engine),
    ledger: ledgerRepository(db, engine),
    adjustments: adjustmentRepository(db, engine),
    overview: overviewRepository(db),
    responses: responseRepository(db),
    requestBodies: requestBodyRepository(db),
    exports: exportRepository(db),
    prices: priceRepository(db),
    priceVersions: priceVersionRepository(db, engine),
    workLeases: workLeaseRepository(db, engine),
    replicas: replicaRepository(db, engine),
  };
}
