// The guard of the audit log: whatever a name says to be secret is not written, even if somebody hands it over.

const masked = "[secret]";

/** Wherever they are in a name. */
const always = new Set(
  "apikey authorization bearer ciphertext cookie credential credentials digest jwt passphrase passwd password passwords pwd secret secrets".split(
    " ",
  ),
);
/** As its last word: `api_key`, but neither `key_id` nor `tokens_per_minute`. */
const atTheEnd = new Set(["hash", "key", "keys", "token", "tokens"]);
/** Of headers and query parameters, in which providers take credentials under names of all kinds. */
const ofHeaders = new Set([...always, ...atTheEnd, "auth", "code", "csrf", "sas", "session", "sid", "sig", "signature"]);
const mapsOfHeaders = new Set(["headers", "query"]);

/** A copy of `fields`, at any depth, in which `[secret]` stands for what has a name of secrets. */
export function withoutSecrets(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return masking(fields, isSecretName) as Record<string, unknown>;
}

function masking(value: unknown, isSecret: (name: string) => boolean): unknown {
  if (typeof value === "string") return withoutUserInfo(value);
  if (Array.isArray(value)) return value.map((item) => masking(item, isSecret));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (isSecret(name) && !tellsNothing(name, inner)) return [name, masked];
      return [name, masking(inner, mapsOfHeaders.has(name.toLowerCase()) ? isSecretHeader : isSecret)];
    }),
  );
}

/** That there is none, whether there is one (`has_api_key`), and how many tokens may be used (`max_output_tokens`). */
function tellsNothing(name: string, value: unknown): boolean {
  return value === null || typeof value === "boolean" || (typeof value === "number" && /(keys|tokens)$/i.test(name));
}

function isSecretName(name: string): boolean {
  const words = wordsOf(name);
  return words.some((word) => always.has(word)) || atTheEnd.has(words.at(-1) ?? "");
}

function isSecretHeader(name: string): boolean {
  return wordsOf(name).some((word) => ofHeaders.has(word)) || /(key|token|secret|password|auth)/i.test(name);
}

/** `apiKey`, `API-Key` and `api_key` are the same two words. */
function wordsOf(name: string): string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
}

/** `https://user:password@host` and `?api_key=…`, wherever they stand in a text. */
function withoutUserInfo(text: string): string {
  return text
    .replace(/:\/\/[^/?#\s]*@/g, `://${masked}@`)
    .replace(/([?&])([^?=&#\s]+)=([^&#\s]+)/g, (whole, sign: string, name: string) =>
      isSecretHeader(name) ? `${sign}${name}=${masked}` : whole,
    );
}
