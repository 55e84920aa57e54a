// Whether to ask an endpoint for the usage of a stream that its caller did not ask for, and which endpoints refuse that.
import type { EndpointView } from "../domain/snapshot.ts";
import type { AttemptPlan, Destination } from "./attempt-plan.ts";

const askablePath = /^\/(?:chat\/)?completions\/?$/;
/** What providers write when they don't know or don't take the option. */
const refusalText =
  /stream_options|include_usage|unrecogni[sz]ed|unknown|unexpected|unsupported|not supported|not permitted|not allowed|extra|additional propert/i;

export class IncludeUsage {
  /** Endpoint id → version of the endpoint that refused; an edited endpoint is asked again. */
  readonly #refused = new Map<string, number>();

  /** True for OpenAI-shaped streams of endpoints that take the option as far as we know. */
  appliesTo({ body, route }: Pick<AttemptPlan, "route" | "body">, destination: Destination): boolean {
    if (!("chunks" in body) || body.json === null || !body.json.stream) return false;
    const { endpoint } = destination;
    if (endpoint.dialect !== "openai" && endpoint.dialect !== "azure") return false;
    return askablePath.test(route.rest) && this.#refused.get(endpoint.id) !== endpoint.version;
  }

  /** True when the answer to a request with the added option reads as a refusal of it. */
  isRefusal(status: number, body: Buffer | null): boolean {
    if (status !== 400 && status !== 422) return false;
    return body !== null && refusalText.test(body.toString("latin1", 0, 8192));
  }

  /** Remembers an endpoint that took the same request without the option. */
  refusedBy(endpoint: EndpointView): void {
    this.#refused.set(endpoint.id, endpoint.version);
  }

  /** Forgets endpoints that are gone. */
  keepOnly(endpoints: Iterable<EndpointView>): void {
    const ids = new Set<string>();
    for (const endpoint of endpoints) ids.add(endpoint.id);
    for (const id of this.#refused.keys()) if (!ids.has(id)) this.#refused.delete(id);
  }
}
