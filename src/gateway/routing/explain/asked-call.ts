// The call that somebody asks about, read as the gateway reads one that comes: its path and its body.
import { HeadgateError } from "../../../core/errors.ts";
import type { ExplainQuestion } from "../../../domain/explanation.ts";
import { JsonScanner, type ScannedBody } from "../../body/json-scanner.ts";
import { isInferencePath } from "../../failover/inference-path.ts";
import { type CallRoute, parseRoute } from "../../route.ts";
import { sessionOf } from "../session-of.ts";

export interface AskedCall {
  /** Null: the path leads nowhere. */
  route: CallRoute | null;
  isInference: boolean;
  isStream: boolean;
  session(): string | null;
  /** Something in it says where it goes, whatever the model's pool says; null: nothing does. */
  elsewhere: { saidBy: "path" | "body"; why: string } | null;
  /** What it would be refused with for its path, before its caller is asked for, and for its body, after that. */
  pathError: HeadgateError | null;
  bodyError: HeadgateError | null;
}

/** Throws 422 `invalid_field` when path or body names another model than the question. */
export function askedCall(question: ExplainQuestion): AskedCall {
  const { route, error: pathError } = readPath(question);
  const { json, chunks, error: bodyError } = readBody(question, route);
  const headers = question.session === null ? {} : { "x-headgate-session": question.session };
  return {
    route,
    isInference: route !== null && isInferencePath(route.rest, "POST"),
    isStream: json?.stream === true || route?.pathModel?.method.startsWith("stream") === true,
    session: () => sessionOf(headers, chunks === null ? null : { chunks, json }),
    elsewhere: elsewhereOf(route, json),
    pathError,
    bodyError,
  };
}

function readPath({ path, model }: ExplainQuestion): { route: CallRoute | null; error: HeadgateError | null } {
  try {
    const route = parseRoute("POST", path);
    if (route.kind !== "call") return { route: null, error: new HeadgateError("not_found") };
    if (route.pathModel !== null) requireSame("path", route.pathModel.name, model);
    return { route, error: null };
  } catch (error) {
    if (!(error instanceof HeadgateError) || error.code === "invalid_field") throw error;
    return { route: null, error };
  }
}

interface ReadBody {
  chunks: readonly Buffer[] | null;
  json: ScannedBody | null;
  error: HeadgateError | null;
}

function readBody({ body, model }: ExplainQuestion, route: CallRoute | null): ReadBody {
  if (body === null) return { chunks: null, json: null, error: null };
  const chunks = [Buffer.from(body)];
  try {
    const scanner = new JsonScanner();
    for (const chunk of chunks) scanner.write(chunk);
    const json = scanner.end();
    if (route === null || route.pathModel === null) requireSame("body", json.model, model);
    return { chunks, json, error: null };
  } catch (error) {
    if (!(error instanceof HeadgateError) || error.code === "invalid_field") throw error;
    // With the model in the path a body may be anything.
    return { chunks, json: null, error: route === null || route.pathModel === null ? error : null };
  }
}

function requireSame(field: string, named: string, asked: string): void {
  if (named === asked) return;
  throw new HeadgateError("invalid_field", { field, message: `${field}: names another model than \`model\`` });
}

function elsewhereOf(route: CallRoute | null, json: ScannedBody | null): AskedCall["elsewhere"] {
  if (route === null) return null;
  if (route.endpointName !== null) return { saidBy: "path", why: "the path names an endpoint: it goes there" };
  const keptWhere = "it goes to the deployment that made that response, which is looked up when a call comes";
  if (route.responseId !== null) return { saidBy: "path", why: `the path names a response: ${keptWhere}` };
  const previous = json?.previousResponseId ?? null;
  return previous === null ? null : { saidBy: "body", why: `the body has a previous_response_id: ${keptWhere}` };
}
