// The OpenAPI document as its readers see it: the routes' own schemas, completed by names, examples and the answers that all share.
import type { OperationDoc, OperationDocs } from "./operation-doc.ts";
import { pathParameters } from "./path-parameters.ts";
import { refusalResponses } from "./refusals.ts";

interface Content {
  [mediaType: string]: { schema?: unknown; example?: unknown; examples?: Record<string, { value: unknown }> };
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  example?: unknown;
  schema?: unknown;
}

export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { $ref?: string; description?: string; content?: Content; headers?: unknown }>;
}

export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, unknown>>;
}

const statusTexts: Readonly<Record<string, string>> = { 200: "Done", 201: "Made", 202: "Begun", 204: "Done" };

/** The document with all that `docs` know of its operations. What they don't know stays as it is: a test finds it. */
export function completed(document: Document, docs: OperationDocs, prefix: string): Document {
  const paths: Document["paths"] = {};
  for (const [path, methods] of Object.entries(document.paths)) {
    const takesIfMatch = Object.keys(methods).some((method) => docs[nameOf(method, path, prefix)]?.ifMatch === true);
    const described = Object.entries(methods).map(([method, operation]) => {
      const doc = docs[nameOf(method, path, prefix)];
      const whole = doc === undefined ? operation : completedOperation(operation, doc);
      return [method, method === "get" && takesIfMatch ? withEtag(whole) : withSharedAnswers(whole)] as const;
    });
    // a wildcard has no name, and a parameter needs one
    paths[path.replace("{*}", "{path}")] = Object.fromEntries(described);
  }
  return withoutUnused({ ...document, paths, components: { ...document.components, ...shared } });
}

/** "GET /keys/:id", as routes are declared. */
export function nameOf(method: string, path: string, prefix: string): string {
  const declared = path
    .slice(prefix.length)
    .replace("{*}", "*")
    .replace(/\{(\w+)\}/g, ":$1");
  return `${method.toUpperCase()} ${declared}`;
}

const shared = {
  responses: refusalResponses,
  headers: { ETag: { description: "The version of what is answered, for `if-match`.", schema: { type: "string" } } },
  parameters: {
    IfMatch: {
      name: "if-match",
      in: "header",
      required: false,
      description: "The `etag` that came with what is to be changed: if somebody has changed it since, the answer is 412.",
      schema: { type: "string" },
      example: '"3"',
    },
  },
};

function completedOperation(operation: Operation, doc: OperationDoc): Operation {
  const { id: operationId, description } = doc;
  const permission = operation.description ?? "";
  return {
    ...operation,
    operationId,
    description: [description, permission].filter(Boolean).join("\n\n"),
    ...parametersOf(operation, doc),
    ...requestBodyOf(operation, doc),
    responses: Object.fromEntries(
      Object.entries(operation.responses).map(([status, response]) => [status, withExamples(status, response, doc)]),
    ),
  };
}

function parametersOf(
  { parameters = [], tags }: Operation,
  { query = {}, ifMatch }: OperationDoc,
): Pick<Operation, "parameters"> {
  const named = parameters.map((parameter) => {
    if (!("name" in parameter)) return parameter;
    const name = parameter.name === "*" ? "path" : parameter.name;
    const example = parameter.in === "path" ? pathParameters[name]?.(tags?.[0] ?? "") : query[name];
    return { ...parameter, name, ...(example === undefined ? {} : { example }) };
  });
  const all = ifMatch === true ? [...named, { $ref: "#/components/parameters/IfMatch" }] : named;
  return all.length === 0 ? {} : { parameters: all };
}

function requestBodyOf({ requestBody }: Operation, { body, isPassedOn }: OperationDoc): Pick<Operation, "requestBody"> {
  if (body === undefined) return requestBody === undefined ? {} : { requestBody };
  const passedOn =
    isPassedOn === true ? { required: true, content: { "application/json": { schema: { type: "object" } } } } : undefined;
  const { content, required } = requestBody ?? passedOn ?? { content: {} };
  return { requestBody: { required: required === true && !isNullable(content), content: withExamplesIn(content, body) } };
}

function withExamples(status: string, response: Operation["responses"][string], doc: OperationDoc) {
  if (!status.startsWith("2")) return response;
  const description = response.description === "Default Response" ? (statusTexts[status] ?? "Done") : response.description;
  const { content } = response;
  if (content === undefined) return { ...response, description };
  if (doc.files !== undefined) {
    const files = Object.entries(doc.files).map(([type, example]) => [type, { schema: { type: "string" }, example }]);
    return { ...response, description, content: Object.fromEntries(files) };
  }
  return { ...response, description, content: doc.answer === undefined ? content : withExamplesIn(content, doc.answer) };
}

function withExamplesIn(content: Content, examples: Readonly<Record<string, unknown>>): Content {
  const named = Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
  return Object.fromEntries(Object.entries(content).map(([type, media]) => [type, { ...media, examples: named }]));
}

/** A body that may be left out has null among its types. */
function isNullable(content: Content): boolean {
  const { anyOf } = (content["application/json"]?.schema ?? {}) as { anyOf?: { type?: string }[] };
  return anyOf?.some(({ type }) => type === "null") === true;
}

function withEtag(operation: Operation): Operation {
  const { responses, ...rest } = withSharedAnswers(operation);
  const headers = { ETag: { $ref: "#/components/headers/ETag" } };
  return { ...rest, responses: { ...responses, ...(responses["200"] && { 200: { ...responses["200"], headers } }) } };
}

function withSharedAnswers(operation: Operation): Operation {
  const { "4XX": refused, "5XX": failed, ...own } = operation.responses;
  const refusals = {
    ...(refused && { "4XX": { $ref: "#/components/responses/Refused" } }),
    ...(failed && { "5XX": { $ref: "#/components/responses/Failed" } }),
  };
  return { ...operation, responses: { ...own, ...refusals } };
}

/** Every named schema is there twice, as input and as output; only those that something leads to stay. */
function withoutUnused(document: Document): Document {
  const schemas = document.components.schemas ?? {};
  const used = new Set<string>();
  const follow = (part: unknown): void => {
    for (const [, name] of JSON.stringify(part).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      follow(schemas[name]);
    }
  };
  follow([document.paths, document.components.responses]);
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...document.components, schemas: kept } };
}
