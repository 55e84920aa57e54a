// Plain data with Secrets in it, on its way to another process of ours: structured clone would lose them.
import { Secret } from "../core/secret.ts";

/** Stands for a Secret; nothing else of a configuration has such a key. */
const marker = "$secret";

/** The same with every Secret exposed. For objects, arrays, Maps and plain values. */
export function exposeSecrets(value: unknown): unknown {
  if (value instanceof Secret) return { [marker]: value.expose() };
  return mapParts(value, exposeSecrets);
}

/** What `exposeSecrets` was given. */
export function hideSecrets(value: unknown): unknown {
  if (typeof value === "object" && value !== null && marker in value) return new Secret(String(value[marker]));
  return mapParts(value, hideSecrets);
}

function mapParts(value: unknown, map: (part: unknown) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(map);
  if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, map(part)]));
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, map(part)]));
}
