// Finds usage, model, error and finish in one JSON answer or stream event of any dialect.
import type { TokenUsage } from "../../core/tokens.ts";
import { readUsage } from "./read-usage.ts";
import { isObject, type JsonObject } from "./usage-parts.ts";

/** Usage where the dialects put it: at the top, in Anthropic's `message`, in `response`, or in a choice (Moonshot). */
export function usageOf(answer: JsonObject): TokenUsage | null {
  const choice = Array.isArray(answer.choices) ? (answer.choices as unknown[])[0] : undefined;
  for (const owner of [answer, answer.message, answer.response, answer.x_groq, choice]) {
    if (!isObject(owner)) continue;
    const usage = readUsage(owner.usage) ?? readUsage(owner.usageMetadata);
    if (usage !== null) return usage;
  }
  return null;
}

export function modelOf(answer: JsonObject): string | null {
  const { message, response } = answer;
  const model =
    answer.model ??
    answer.modelVersion ??
    (isObject(message) ? message.model : undefined) ??
    (isObject(response) ? response.model : undefined);
  return typeof model === "string" && model !== "" && model.length <= 512 ? model : null;
}

/** An error of the answer as a whole: OpenAI's and Gemini's `error`, Anthropic's `type: "error"`, a failed response. */
export function hasError(answer: JsonObject): boolean {
  if (answer.type === "error" || isError(answer.error)) return true;
  return isObject(answer.response) && isError(answer.response.error);
}

/** Whether the usage in this event of a stream is the last word. */
export function isFinal(event: JsonObject): boolean {
  const { choices, candidates, delta, response } = event;
  if (isObject(response)) return response.status !== "in_progress" && response.status !== "queued";
  if (Array.isArray(choices)) return choices.length === 0 || (choices as unknown[]).some((one) => isSet(one, "finish_reason"));
  if (Array.isArray(candidates)) return (candidates as unknown[]).some((one) => isSet(one, "finishReason"));
  return isSet(delta, "stop_reason");
}

function isError(error: unknown): boolean {
  return error !== undefined && error !== null && error !== "" && error !== false;
}

function isSet(owner: unknown, key: string): boolean {
  return isObject(owner) && owner[key] !== undefined && owner[key] !== null;
}
