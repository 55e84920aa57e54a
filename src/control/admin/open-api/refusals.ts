// The answers that every operation may give besides its own, with the texts of the error catalogue.
import { type ErrorCode, errorCatalogue } from "../../../core/errors.ts";

const conflicts = [{ model: "gpt-4o-mini", alias: "chat", reason: "gpt-4o wants the name 'chat' too" }];

const refused: readonly [ErrorCode, object?][] = [
  ["missing_key"],
  ["not_allowed"],
  ["not_found"],
  ["invalid_field", { field: "name" }],
  ["alias_conflict", { field: "aliases", conflicts }],
];
const failed: readonly [ErrorCode, object?][] = [["internal_error"], ["database_unavailable"]];

export const refusalResponses = {
  Refused: responseOf("The request can't be carried out as it is. docs/errors.md says what to do about each code.", refused),
  Failed: responseOf("Headgate could not do it now, through no fault of the request.", failed),
};

function responseOf(description: string, errors: readonly [ErrorCode, object?][]) {
  const examples = errors.map(([code, more]) => {
    const { status, message } = errorCatalogue[code];
    return [code, { summary: `Status ${status}`, value: { error: { code, message, ...more } } }];
  });
  const media = { schema: { $ref: "#/components/schemas/Error" }, examples: Object.fromEntries(examples) };
  return { description, content: { "application/json": media } };
}
