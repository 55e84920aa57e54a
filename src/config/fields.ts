// The kinds of values that config keys take, each parsed to the unit the program works in, with its words for the manual.
import { isIP } from "node:net";
import { z } from "zod";
import { parseByteSize } from "../core/byte-size.ts";
import { parseDurationMs } from "../core/duration.ts";
import { Secret } from "../core/secret.ts";
import { longestTimerMs } from "../domain/endpoint-fields.ts";

/** What the manual says about a key. */
export interface KeyDocumentation {
  /** What may be written, e.g. `duration`. */
  type: string;
  description: string;
  /** The default in words, where it is not a plain value. */
  defaultText?: string;
}

const documentation = new WeakMap<z.ZodType, KeyDocumentation & { default?: unknown }>();

/** Attaches documentation, without a default: the key is optional only if `schema` is. */
export function documented<S extends z.ZodType>(schema: S, about: KeyDocumentation): S {
  documentation.set(schema, about);
  return schema;
}

/** Gives a key its default, as it would be written in the file, and its documentation. */
export function withDefault<S extends z.ZodType>(schema: S, value: z.input<S>, about: KeyDocumentation): z.ZodPrefault<S> {
  // zod's own types want `NoUndefined`, which a generic can't show
  const prefaulted = schema.prefault(value as never);
  documentation.set(prefaulted, { ...about, default: value });
  return prefaulted;
}

/** The documentation of a key's schema; undefined for the sections and lists themselves. */
export function documentationOf(schema: z.ZodType): (KeyDocumentation & { default?: unknown }) | undefined {
  return documentation.get(schema);
}

type Check = (text: string) => string | null;

/** zod's `error` option: what a value has to be, or that there is none. */
export function mustBe(words: string): { error: (issue: { input: unknown }) => string } {
  return {
    error: ({ input }) => (input === undefined ? "is missing" : input === null ? "has no value" : `must be ${words}`),
  };
}

const notText = mustBe("text (put numbers and the like in quotes)");

/** Text that `check` accepts. */
export function text(check: Check = () => null) {
  return z.string(notText).superRefine((value, context) => {
    const wrong = check(value);
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
  });
}

/** Text that `check` accepts, as a Secret. */
export function secretText(check: Check) {
  return text(check).transform((value) => new Secret(value));
}

/** A list of texts that `check` accepts. */
export function textList(check?: Check) {
  return z.array(text(check), mustBe("a list"));
}

/** One text or a list of at least one, as a list. */
export function textOrList(check: Check) {
  return z.union([z.string(), z.array(z.string())], mustBe("a text or a list of texts")).transform((value, context) => {
    const list = typeof value === "string" ? [value] : value;
    const wrong = list.length === 0 ? "must not be an empty list" : list.map(check).find((problem) => problem !== null);
    if (wrong != null) context.addIssue({ code: "custom", message: wrong });
    return [...new Set(list)];
  });
}

/** A map from names that `checkNames` accepts to texts that `check` accepts, as Secrets. */
export function secretMap(check: Check, checkNames: (names: readonly string[]) => string | null) {
  return z.record(z.string(), secretText(check), mustBe("a map of names to texts")).superRefine((value, context) => {
    const wrong = checkNames(Object.keys(value));
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
  });
}

/** A map from text to text; `check` sees all of it. */
export function textMap(check: (map: Record<string, string>) => string | null) {
  return z.record(z.string(), z.string(notText), mustBe("a map of names to texts")).superRefine((value, context) => {
    const wrong = check(value);
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
  });
}

/** `true` or `false`; as text too, since `${VAR}` is text. */
export function trueOrFalse() {
  return z
    .union([z.boolean(), z.literal("true"), z.literal("false")], mustBe("true or false"))
    .transform((value) => value === true || value === "true");
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, mustBe(`${values.slice(0, -1).join(", ")} or ${values.at(-1)}`));
}

/** A whole number; digits as text too, since `${VAR}` and environment variables are text. */
export function wholeNumber(check: (value: number) => string | null) {
  return z.union([z.number(), z.string()], mustBe("a whole number")).transform((value, context) => {
    const number = typeof value === "number" ? value : /^\s*-?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
    const wrong = Number.isSafeInteger(number) ? check(number) : "must be a whole number";
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
    return number;
  });
}

/** A TCP port; 0 lets the system choose a free one. */
export function port() {
  return wholeNumber((value) => (value >= 0 && value <= 65_535 ? null : "must be a port from 0 to 65535"));
}

const durationForm = 'a duration such as "30s", "10m", "1h" or "30d"';

/** A duration, as ms. `check` sees ms. */
export function duration(check: (ms: number) => string | null = atMostOneTimer) {
  return z.union([z.string(), z.number()], mustBe(durationForm)).transform((value, context) => {
    const ms = parseDurationMs(value);
    const wrong = ms === null ? `must be ${durationForm}` : check(ms);
    if (wrong !== null) context.addIssue({ code: "custom", message: wrong });
    return ms ?? 0;
  });
}

function atMostOneTimer(ms: number): string | null {
  return ms <= longestTimerMs ? null : "must be at most 24d";
}

const sizeForm = 'a size such as "512kb", "32mb" or "1gb"';

/** A size, as bytes. */
export function byteSize() {
  return z.union([z.string(), z.number()], mustBe(sizeForm)).transform((value, context) => {
    const bytes = parseByteSize(value);
    if (bytes === null) context.addIssue({ code: "custom", message: `must be ${sizeForm}` });
    else if (bytes < 1024) context.addIssue({ code: "custom", message: "must be at least 1kb" });
    return bytes ?? 0;
  });
}

/** A moment by RFC 3339, as ms. */
export function moment() {
  return z.iso
    .datetime({ offset: true, ...mustBe("a time by RFC 3339, such as 2027-01-31T00:00:00Z") })
    .transform((value) => Date.parse(value));
}

/** An IP address or a network in CIDR form. */
export function checkNetwork(value: string): string | null {
  const [address = "", prefix, ...rest] = value.split("/");
  // `fe80::1%eth0` names an interface of this machine too, which the address of a connection does not
  const family = address.includes("%") ? 0 : isIP(address);
  const isPrefix = prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
  return family !== 0 && isPrefix && rest.length === 0 ? null : "must be an IP address or a network such as 10.0.0.0/8";
}

/** An origin as browsers send it, or `*`. */
export function checkOrigin(value: string): string | null {
  const isOrigin = URL.canParse(value) && /^https?:/.test(value) && new URL(value).origin === value;
  return value === "*" || isOrigin
    ? null
    : 'must be an origin such as https://app.example.org (no path, no trailing "/"), or "*"';
}
