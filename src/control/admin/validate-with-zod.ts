// Holds requests to their zod schemas and says in plain words, for all fields at once, what is wrong.
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { HeadgateError } from "../../core/errors.ts";

interface Problem {
  field: string;
  text: string;
}

/** Fastify's validator for zod schemas: the parsed value, or HeadgateError invalid_json / invalid_field. */
export const validateWithZod: FastifySchemaCompiler<z.ZodType> = ({ schema, httpPart }) => {
  return (data: unknown) => {
    const result = schema.safeParse(data);
    if (result.success) return { value: result.data };
    if (httpPart === "body" && !isObject(data)) {
      return { error: new HeadgateError("invalid_json", { message: "The request body must be a JSON object." }) };
    }
    return { error: invalidFields(result.error) };
  };
};

/** Parses `value`, or throws HeadgateError invalid_field about all its fields. */
export function parseOrThrow<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidFields(result.error);
}

function invalidFields(error: z.ZodError): HeadgateError {
  const problems = error.issues.flatMap(problemsOf);
  return new HeadgateError("invalid_field", {
    field: problems[0]?.field ?? "",
    message: problems.map((problem) => `${problem.field}: ${problem.text}`).join("; "),
  });
}

function problemsOf(issue: z.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: [...issue.path, key].join("."),
      text: "there is no such field",
    }));
  }
  return [{ field: issue.path.join("."), text: textOf(issue) }];
}

/** Zod's words, shortened to what follows a field's name. None of them holds the value itself. */
function textOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") {
    return issue.message.endsWith("received undefined") ? "is required" : `must be of type ${issue.expected}`;
  }
  if (issue.code === "invalid_value") return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
  if (issue.code === "too_small" && issue.message.startsWith("Too small")) return `must be at least ${issue.minimum}`;
  if (issue.code === "too_big" && issue.message.startsWith("Too big")) return `must be at most ${issue.maximum}`;
  if (issue.code === "invalid_key") return issue.issues[0]?.message ?? "has a name that is not allowed";
  return issue.message;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
