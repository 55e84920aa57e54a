// The admin API on top of the parts of a process: what it asks of the data plane, and who speaks to it.
import type { Config } from "../config/config.ts";
import { type AdminDeps, unknownHealth } from "../control/admin/context.ts";
import { presentHealth } from "../control/admin/models/present-health.ts";
import { type AdminApi, createAdminApi } from "../control/admin/server.ts";
import type { Publisher } from "../control/publish-snapshot.ts";
import type { SeenHealth } from "../domain/seen-health.ts";
import type { AdminAccess } from "./admin-access.ts";
import type { CallerIdentity } from "./caller-identity.ts";
import type { DataPlane } from "./data-plane.ts";
import { usableModels } from "./usable-models.ts";

type Asked =
  | "publisher"
  | "healthOf"
  | "usableModels"
  | "playground"
  | "signIn"
  | "authenticate"
  | "addressOf"
  | "isSecure"
  | "publicUrl";

export interface OpenAdminApiOptions extends Omit<AdminDeps, Asked> {
  config: Config;
  data: DataPlane;
  access: AdminAccess;
  publisher: Pick<Publisher, "changed">;
  identity: CallerIdentity;
  /** Null: nobody knows anything of this deployment. */
  seenHealth: (deploymentId: string) => SeenHealth | null;
}

export async function openAdminApi(options: OpenAdminApiOptions): Promise<AdminApi> {
  const { config, data, access, publisher, identity, seenHealth, ...others } = options;
  const { server, userDefaultLimits } = config;
  return await createAdminApi({
    ...others,
    publisher: {
      keyChanged: () => publisher.changed(),
      routingChanged: () => publisher.changed(),
      peopleChanged: async (change) => {
        // What it wrote last is no longer what there is.
        identity.forget(change.groupsChanged ? undefined : change.userIds);
        await publisher.changed();
      },
    },
    healthOf: (id) => {
      const seen = seenHealth(id);
      return seen === null ? unknownHealth(id) : presentHealth(seen);
    },
    usableModels: (userId) => usableModels(data.snapshots.current(), userId, userDefaultLimits),
    playground: {
      call: (...call) => data.gateway.handleOfUser(...call),
      refuse: (...refused) => data.gateway.refuse(...refused),
    },
    signIn: access.signInWays(),
    authenticate: (token) => access.authenticate(token),
    addressOf: (request) => access.addressOf(request),
    isSecure: (request) => access.isSecure(request),
    publicUrl: server.publicUrl,
  });
}
