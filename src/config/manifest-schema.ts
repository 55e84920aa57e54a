// The section `manifests` of headgate.yaml, and the rules that METIS_STATUS_URL and its companions share with it.
import { z } from "zod";
import { checkAuthHeaderName, checkCredential, checkEndpointName, checkHeaderValue } from "../domain/endpoint-fields.ts";
import { documented, duration, secretMap, secretText, text, textList, withDefault } from "./fields.ts";
import { checkManifestLocation } from "./manifest-location.ts";

export const defaultManifestInterval = "30s";

/** The time between two looks at a manifest, in ms. */
export function checkManifestIntervalMs(ms: number): string | null {
  return ms >= 1000 && ms <= 3_600_000 ? null : "must be from 1s to 1h";
}

/** The names of the headers of a fetch. Messages name the header, never its value. */
export function checkManifestHeaderNames(names: readonly string[]): string | null {
  if (names.length > 64) return "must be at most 64 headers";
  const seen = new Set<string>();
  for (const [index, given] of names.entries()) {
    const name = given.toLowerCase();
    const wrong = checkAuthHeaderName(given);
    // what is no header's name may be a value in the wrong place
    if (wrong !== null)
      return wrong.startsWith("'") ? `header '${name}' is not for you to set` : `the name of header ${index + 1} ${wrong}`;
    if (name.startsWith("if-")) return `header '${name}' is set by Headgate itself`;
    if (seen.has(name)) return `header '${name}' is there twice`;
    seen.add(name);
  }
  return null;
}

/** The value of such a header. */
export function checkManifestHeaderValue(value: string): string | null {
  return value.trim() === "" ? "must not be empty" : checkHeaderValue(value);
}

/** A host without port, as a URL has it. */
function checkHost(value: string): string | null {
  const url = `http://${value}/`;
  return !/[\s:/?#@\\*]/.test(value.replace(/^\[[0-9a-f:.]+\]$/i, "")) && URL.canParse(url)
    ? null
    : "must be a host name or address without port or path, such as api.openai.com";
}

function checkEndpointIds(ids: readonly string[]): string | null {
  return ids.includes("") ? "must not have an empty endpoint_id" : null;
}

export const manifest = z.strictObject({
  name: documented(text(checkEndpointName), {
    type: "name",
    description: "Unique; 1 to 64 letters, digits, `.`, `_`, `-`. Callers see it where they would see an endpoint's name.",
  }),
  url: documented(secretText(checkManifestLocation), {
    type: "URL or path",
    description:
      "Where it is. `user:password@` in a URL becomes basic authentication; the rest of it is shown to administrators. A path is relative to this file.",
  }),
  interval: withDefault(duration(checkManifestIntervalMs), defaultManifestInterval, {
    type: "duration",
    description: "The time between two looks at it; from `1s` to `1h`.",
  }),
  headers: withDefault(
    secretMap(checkManifestHeaderValue, checkManifestHeaderNames),
    {},
    { type: "map", description: "Headers sent when it is fetched, e.g. `authorization`. Kept in memory, in no database." },
  ),
  allowed_hosts: withDefault(textList(checkHost), [], {
    type: "list of hosts",
    description: "Hosts that its entries may point to; others are dropped. Empty: any.",
  }),
  tokens: withDefault(
    secretMap(checkCredential, checkEndpointIds),
    {},
    {
      type: "map",
      description:
        "`endpoint_id` of its entries to the provider's key, best written as `${VARIABLE}`. Stored encrypted, with the entry's endpoint.",
    },
  ),
});
