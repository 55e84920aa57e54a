// What has to be known of an endpoint in the snapshot to ask it, in the form that discovery asks with.
import type { EndpointView } from "../../domain/snapshot.ts";
import type { ListTarget } from "../discovery/list-target.ts";

/** The endpoint's base is the one that calls use; the URL's other form is only tried where that has no list. */
export function probeTarget(endpoint: EndpointView): ListTarget {
  const { baseUrl, dialect, credential, authHeaderName, authHeaderPrefix, headers, query, timeouts } = endpoint;
  const connectTimeoutMs = timeouts.connectMs;
  return { url: baseUrl, baseUrl, dialect, credential, authHeaderName, authHeaderPrefix, headers, query, connectTimeoutMs };
}
