// The state of this installation, and who is asking.
import { errorResponses } from "../../../api/error-body.ts";
import { systemView, whoamiView } from "../../../api/system.ts";
import { found } from "../answers.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { presentWhoami } from "./present.ts";

const config = { policy: "admin" } as const;
const tags = ["system"];

export function systemRoutes(app: AdminApp, context: AdminContext): void {
  app.get(
    "/system",
    {
      config,
      schema: {
        tags,
        summary: "Version, snapshot, spool, database; works without the database",
        response: { 200: systemView, ...errorResponses },
      },
    },
    async () => context.system(),
  );

  app.get(
    "/whoami",
    { config, schema: { tags, summary: "Whose token this is", response: { 200: whoamiView, ...errorResponses } } },
    async (request) => {
      const keyId = request.administrator?.keyId ?? null;
      if (keyId === null) return presentWhoami(null);
      return presentWhoami(found(await context.database().keys.get(keyId), "key"));
    },
  );
}
