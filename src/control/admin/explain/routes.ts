// Where a call would go now, and why, without calling anyone. Answered from what the data plane knows: no database is asked.
import { errorResponses } from "../../../api/error-body.ts";
import { type ExplainBody, explainBody, explanationView } from "../../../api/explain.ts";
import type { ExplainQuestion } from "../../../domain/explanation.ts";
import { databaseUnavailable } from "../answers.ts";
import { ownedByAsker } from "../authorize/reach.ts";
import type { AdminApp, AdminContext } from "../context.ts";
import { ownQuestion } from "./own-question.ts";
import { presentExplanation, withoutTargets } from "./present.ts";

const config = { policy: "explain" } as const;
const tags = ["models"];
const defaultPath = "/v1/chat/completions";

export function explainRoutes(app: AdminApp, context: AdminContext): void {
  app.post(
    "/explain",
    {
      config,
      schema: {
        tags,
        summary: "Say where a call of a model would go now, and why, without calling anyone",
        body: explainBody,
        response: { 200: explanationView, ...errorResponses },
      },
    },
    async (request) => {
      const owner = ownedByAsker(request);
      const question = questionOf(request.body);
      const explanation = await context.explain(owner === undefined ? question : await ownQuestion(context, owner, question));
      // Before the first snapshot there is nothing to explain from, and that waits for the database.
      if (explanation === null) throw databaseUnavailable();
      const views = await context.allowances.views(explanation.limits, context.clock.nowMs());
      const shown = presentExplanation(explanation, views);
      return owner === undefined ? shown : withoutTargets(shown);
    },
  );
}

function questionOf({ model, key_id, user_id, path, body, headers }: ExplainBody): ExplainQuestion {
  const noFallback = headers?.["x-headgate-no-fallback"];
  return {
    model,
    keyId: key_id ?? null,
    userId: user_id ?? null,
    path: path ?? defaultPath,
    body: bodyText(model, body ?? null),
    session: headers?.["x-headgate-session"] ?? null,
    noFallback: noFallback === "true" || noFallback === "1",
    timeoutMs: headers?.["x-headgate-timeout"] ?? null,
  };
}

function bodyText(model: string, body: string | Record<string, unknown> | null): string | null {
  if (body === null || typeof body === "string") return body;
  return JSON.stringify("model" in body ? body : { model, ...body });
}
