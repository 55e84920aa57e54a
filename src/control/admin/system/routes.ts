// The state of this installation, and who is asking.
import { errorResponses } from "../../../api/error-body.ts";
import { systemView, whoamiView } from "../../../api/system.ts";
import { csrfToken } from "../../accounts/session-secret.ts";
import { found } from "../answers.ts";
import type { Actor } from "../authorize/actor.ts";
import { sessionSecretOf } from "../authorize/session-cookie.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { backupView } from "./backup-view.ts";
import { presentWhoami } from "./present.ts";

const tags = ["system"];

export function systemRoutes(app: AdminApp, context: AdminContext): void {
  const backup = backupView(context);

  app.get(
    "/system",
    {
      config: { policy: "system.read" },
      schema: {
        tags,
        summary: "Version, snapshot, spool, database; works without the database",
        response: { 200: systemView, ...errorResponses },
      },
    },
    async () => {
      const state = context.system();
      return { ...state, backup: await backup(state.database.state) };
    },
  );

  app.get(
    "/whoami",
    {
      config: { policy: "self" },
      schema: { tags, summary: "Whose token this is", response: { 200: whoamiView, ...errorResponses } },
    },
    async (request) => {
      const actor = request.actor as Actor;
      const secret = actor.kind === "user" ? sessionSecretOf(request.headers.cookie, context.isSecure(request.raw)) : null;
      const key = actor.kind === "key" && actor.id !== null ? found(await context.database().keys.get(actor.id), "key") : null;
      return presentWhoami(actor, key, secret === null ? null : csrfToken(secret));
    },
  );
}
