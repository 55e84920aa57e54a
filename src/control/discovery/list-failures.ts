// The texts of a failed listing: what happened, and what an administrator can do about it.
import { formatDuration } from "../../core/duration.ts";
import { defaultAuthHeaderName } from "../../domain/dialect.ts";
import type { EgressFailure, EgressFailureCode } from "../../egress/failure.ts";
import type { ListAnswer } from "./list-connection.ts";
import type { ListTarget } from "./list-target.ts";
import { type FailureCode, ListingFailed, type Stage } from "./listing.ts";

const checkAddress = "Check the host and port of the URL, and that the endpoint is running and reachable from this machine.";

const hints: Record<EgressFailureCode, string> = {
  dns_failed: "Check the host name for typing errors, and that this machine's DNS knows it.",
  connection_refused: checkAddress,
  connection_reset:
    "Check whether the URL needs https instead of http, and whether something between here and there cuts connections.",
  host_unreachable: checkAddress,
  timeout: checkAddress,
  certificate_invalid:
    "Give the endpoint a certificate of a known authority, or start Headgate with NODE_EXTRA_CA_CERTS naming yours.",
  certificate_expired: "Renew the endpoint's certificate, and check this machine's clock.",
  certificate_host_mismatch: "Use the host name that the certificate is for.",
  tls_error: "Check whether the URL needs http instead of https, and whether the port is the right one.",
  egress_refused: "Link-local, cloud metadata and reserved addresses are never called. Use another address of the endpoint.",
  response_too_large: "Check that the URL is the API's base: a model list is far below 16 MB.",
  invalid_response: "Check that the port speaks HTTP, and whether the URL needs https.",
  aborted: "Try again.",
  connection_failed: checkAddress,
};

/** The failure when no complete answer came. */
export function failedBeforeAnswer(
  { stage, code, message }: EgressFailure,
  { target, timeoutMs, connectTimeoutMs }: { target: ListTarget; timeoutMs: number; connectTimeoutMs: number },
): ListingFailed {
  const { host, hostname } = new URL(target.url);
  if (code !== "timeout")
    return new ListingFailed({ stage, code, message: `${withHost(message, code, host, hostname)}`, hint: hints[code] });
  if (stage === "http") {
    const waited = `${host} accepted the connection but did not answer within ${formatDuration(timeoutMs)}.`;
    return new ListingFailed({
      stage,
      code,
      message: waited,
      hint: "Check that the URL is the API's base and that the endpoint is not overloaded.",
    });
  }
  const step = {
    dns: "The host name was not resolved",
    connect: "No connection was made",
    tls: "The TLS handshake was not finished",
  }[stage];
  return new ListingFailed({
    stage,
    code,
    message: `${step} within ${formatDuration(connectTimeoutMs)} (${host}).`,
    hint: hints[code],
  });
}

function withHost(message: string, code: EgressFailureCode, host: string, hostname: string): string {
  return message.replace(/\.$/, ` (${code === "dns_failed" ? hostname : host}).`);
}

/** The failure that an answer other than a 2xx is. */
export function failedByStatus(answer: ListAnswer, url: string, target: ListTarget): ListingFailed {
  const { status } = answer;
  const path = new URL(url).pathname;
  const failed = (stage: Exclude<Stage, "done" | "empty">, code: FailureCode, message: string, hint: string) =>
    new ListingFailed({ stage, code, message, hint, httpStatus: status });
  const header = target.authHeaderName ?? defaultAuthHeaderName(target.dialect);

  if (status === 401 && target.credential === null) {
    return failed("auth", "unauthorized", "The endpoint wants a credential (401).", "Set the endpoint's api_key.");
  }
  if (status === 401) {
    const hint = `Check the API key, and that this provider expects it in the header '${header}' (dialect, auth_header_name, auth_header_prefix).`;
    return failed("auth", "unauthorized", "The endpoint refuses the API key (401).", hint);
  }
  if (status === 403) {
    const hint = "Check that the API key may list models, and that the provider accepts calls from this machine's address.";
    return failed("auth", "forbidden", "The endpoint forbids listing models to this API key (403).", hint);
  }
  if (status >= 300 && status < 400) {
    const host = hostOf(answer.location, url);
    const hint =
      host === null ? "Use the URL that it redirects to." : `It points to the host ${host}. If that is right, use the URL there.`;
    return failed("http", "redirect", `The endpoint redirects (${status}), and Headgate follows no redirects.`, hint);
  }
  const noVersion = target.dialect === "azure" && target.query["api-version"] === undefined;
  const versionHint = noVersion ? "Azure needs the query parameter api-version: set it in the endpoint's query." : null;
  if (status === 404 || status === 405) {
    const hint = versionHint ?? "Check the path of the URL. For a provider without a model list, add its models by hand.";
    return failed("http", "not_found", `There is no model list at ${path} (${status}).`, hint);
  }
  if (status === 429) {
    return failed("http", "rate_limited", "The endpoint takes no more requests at the moment (429).", "Try again later.");
  }
  const callersFault = versionHint ?? "Check the URL, the dialect and the extra headers and query.";
  const hint = status >= 500 ? "The fault is at the provider; try again later." : callersFault;
  return failed("http", "http_error", `The endpoint answered ${status} at ${path}.`, hint);
}

/** The failure that a 2xx which is no model list is. */
export function failedByContent(code: "not_json" | "not_a_list" | "too_many_models", url: string, status: number): ListingFailed {
  const path = new URL(url).pathname;
  const message = {
    not_json: `The answer at ${path} is not JSON.`,
    not_a_list: `The answer at ${path} is JSON, but not a list of models.`,
    too_many_models: "The model list does not end: more than 20000 models or 100 pages.",
  }[code];
  const hint =
    code === "too_many_models"
      ? "Pin the models that are wanted and add them by hand."
      : "Check that the URL is the API's base, not a web page's; usually it ends in /v1.";
  return new ListingFailed({ stage: "parse", code, message, hint, httpStatus: status });
}

function hostOf(location: string | null, base: string): string | null {
  return location !== null && URL.canParse(location, base) ? new URL(location, base).host : null;
}
