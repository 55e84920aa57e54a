// Asks an endpoint for its models: tries the forms its base URL may have, follows pages, never throws.
import { azureDeployment, candidateBases } from "./candidate-bases.ts";
import { type ListConnection, type ListOptions, openListConnection } from "./list-connection.ts";
import { failedByContent, failedByStatus } from "./list-failures.ts";
import type { ListTarget } from "./list-target.ts";
import { type ListFailure, type Listing, ListingFailed } from "./listing.ts";
import { type ModelPage, parseModelList } from "./parse-model-list.ts";

const maxPages = 100;
const maxModels = 20_000;
const maxRejected = 100;

/** Time limits of a listing, in ms: for an administrator who waits, and for a synchronisation. */
export const listTimeoutsMs = { validate: 10_000, synchronize: 30_000 } as const;

type Models = Pick<Listing, "models" | "rejected">;

/**
 * The models of an endpoint, from `GET {base}/models`. Whatever the provider does is a ListFailure, not an exception.
 * The failure reported is that of the first base tried, unless a later one gets as far as the credential.
 */
export async function listModels(target: ListTarget, options: ListOptions): Promise<Listing | ListFailure> {
  const startedAt = performance.now();
  const latencyMs = () => Math.round(performance.now() - startedAt);
  if (!/^https?:/i.test(target.url) || !URL.canParse(target.url)) {
    const failure = {
      stage: "dns",
      code: "invalid_url",
      message: "The URL can't be read.",
      hint: "Give a http or https URL.",
    } as const;
    return { ok: false, ...failure, httpStatus: null, latencyMs: 0 };
  }
  const connection = openListConnection(target, options);
  try {
    const found = await firstList(connection, target, candidateBases(target.url, target.dialect, target.baseUrl));
    return { ok: true, ...found, latencyMs: latencyMs() };
  } catch (error) {
    if (!(error instanceof ListingFailed)) throw error;
    return { ok: false, ...error.failure, latencyMs: latencyMs() };
  } finally {
    connection.close();
  }
}

async function firstList(connection: ListConnection, target: ListTarget, bases: string[]) {
  let firstFailure: ListingFailed | null = null;
  for (const base of bases) {
    try {
      return { effectiveUrl: base, ...(await listAt(connection, target, base)) };
    } catch (error) {
      if (!(error instanceof ListingFailed) || !worthAnotherBase(error, target)) throw error;
      firstFailure ??= error;
    }
  }
  throw firstFailure;
}

/** Whether the other form of the base may do better: only where the server answered, and not about itself or the credential. */
function worthAnotherBase({ failure }: ListingFailed, target: ListTarget): boolean {
  if (failure.httpStatus === null || failure.stage === "auth" || failure.code === "rate_limited") return false;
  if (failure.code === "too_many_models") return false;
  // A base that has worked is not given up for a bad hour of the provider.
  return !(failure.httpStatus >= 500 && target.baseUrl !== null);
}

async function listAt(connection: ListConnection, target: ListTarget, base: string): Promise<Models> {
  try {
    return await allPages(connection, target, `${base}/models`);
  } catch (error) {
    const azure = target.dialect === "azure" ? azureDeployment(base) : null;
    if (azure === null || !(error instanceof ListingFailed) || !worthAnotherBase(error, target)) throw error;
    // A deployment has no list of its own; the resource's list proves the credential, and the URL names the model.
    await readPage(connection, target, azure.modelsUrl, {});
    return { models: [{ id: azure.deployment }], rejected: [] };
  }
}

const firstPageParameters: Partial<Record<ListTarget["dialect"], Record<string, string>>> = {
  anthropic: { limit: "1000" },
  gemini: { pageSize: "1000" },
};

async function allPages(connection: ListConnection, target: ListTarget, url: string): Promise<Models> {
  const ids = new Set<string>();
  const rejected: string[] = [];
  const parameters = firstPageParameters[target.dialect] ?? {};
  // A server that ignores the cursor sends the same page, hence the same cursor, for ever.
  const asked = new Set<string>();
  let next: ModelPage["next"] = {};
  for (let pages = 0; next !== null && !asked.has(JSON.stringify(next)); pages++) {
    if (pages === maxPages) throw failedByContent("too_many_models", url, 200);
    asked.add(JSON.stringify(next));
    const page: ModelPage = await readPage(connection, target, url, { ...parameters, ...cursorFor(target, next) });
    for (const id of page.ids) ids.add(id);
    for (const id of page.rejected) if (rejected.length < maxRejected) rejected.push(id);
    if (ids.size > maxModels) throw failedByContent("too_many_models", url, 200);
    next = page.next;
  }
  return { models: [...ids].map((id) => ({ id })), rejected };
}

/** Servers that page in OpenAI's manner call Anthropic's `after_id` `after`. */
function cursorFor({ dialect }: ListTarget, next: Record<string, string>): Record<string, string> {
  return next.after_id === undefined || dialect === "anthropic" ? next : { ...next, after: next.after_id };
}

async function readPage(
  connection: ListConnection,
  target: ListTarget,
  url: string,
  parameters: Readonly<Record<string, string>>,
): Promise<ModelPage> {
  const answer = await connection.get(url, parameters);
  if (answer.status < 200 || answer.status > 299) throw failedByStatus(answer, url, target);
  let body: unknown;
  try {
    body = JSON.parse(answer.text);
  } catch {
    throw failedByContent("not_json", url, answer.status);
  }
  const page = parseModelList(body);
  if (page === null) throw failedByContent("not_a_list", url, answer.status);
  return page;
}
