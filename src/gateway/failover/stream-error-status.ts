// The HTTP status that an error inside a stream stands for, had it come before the stream began.
import { isObject, type JsonObject } from "../meter/usage-parts.ts";

/** Matched against names without case and separators: `rate_limit_error`, `RESOURCE_EXHAUSTED`, `BadRequestError`. */
const statusByName: readonly (readonly [RegExp, number])[] = [
  [/ratelimit|toomanyrequests|resourceexhausted|quota|throttl/, 429],
  [/overloaded/, 529],
  [/unavailable/, 503],
  [/timeout|deadline/, 504],
  [/authentication|unauthenticated|unauthorized|invalidapikey/, 401],
  [/permission|forbidden/, 403],
  [/billing|paymentrequired|insufficient(?:balance|credit)/, 402],
  [/notfound/, 404],
  [/toolarge/, 413],
  [/unprocessable/, 422],
  [/^(?:invalid|badrequest|contextlength|content(?:filter|policy)|failedprecondition)/, 400],
];

const unknownStatus = 500;

/** 400–599; 500 when the event does not say what kind of error it is. */
export function streamErrorStatus(event: JsonObject): number {
  const error = errorOf(event);
  for (const owner of [error, event]) {
    const status = statusNumber(owner.status) ?? statusNumber(owner.code) ?? statusNumber(owner.status_code);
    if (status !== null) return status;
  }
  // OpenAI's `code` is more precise than its `type`; Gemini's name is called `status`.
  return statusNamed(error.code) ?? statusNamed(error.type) ?? statusNamed(error.status) ?? unknownStatus;
}

/** The error itself: beside the event's type (OpenAI chat, Anthropic, Gemini), in a failed response, or the whole event. */
function errorOf(event: JsonObject): JsonObject {
  if (isObject(event.error)) return event.error;
  if (isObject(event.response) && isObject(event.response.error)) return event.response.error;
  return event;
}

function statusNumber(value: unknown): number | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  const status = typeof value === "string" && !/^\d{3}$/.test(value) ? Number.NaN : Number(value);
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : null;
}

function statusNamed(value: unknown): number | null {
  if (typeof value !== "string") return null;
  const name = value
    .slice(0, 100)
    .toLowerCase()
    .replace(/[^a-z]/g, "");
  return statusByName.find(([pattern]) => pattern.test(name))?.[1] ?? null;
}
