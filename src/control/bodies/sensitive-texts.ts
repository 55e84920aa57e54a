// Where in a text credentials are, and what else is to be taken out of bodies. Every pattern takes time in proportion to the text.
import type { Redaction } from "../../domain/body-keeping.ts";

export type Kind = "credentials" | Exclude<Redaction, "content">;

export interface Finding {
  kind: Kind;
  start: number;
  end: number;
}

export const placeholders: Readonly<Record<Kind, string>> = {
  credentials: "[credential]",
  emails: "[email]",
  phone_numbers: "[phone number]",
  card_numbers: "[card number]",
};

/** Not in the middle of a word, but for one that an escape of JSON, of a URL or of a terminal's colours seems to be part of. */
const wordStart = String.raw`(?:(?<![A-Za-z0-9])|(?<=\\[nrtbf]|\\u[\da-fA-F]{4}|%[\da-fA-F]{2}|\[[\d;]{1,10}m))`;

/** As providers make their keys. */
const keyShapes = [
  // OpenAI, Anthropic, OpenRouter, DeepSeek and many others
  "sk-[A-Za-z0-9_-]{8,}",
  "(?:pk|rk|sk)_(?:live|test)_[A-Za-z0-9]{10,}",
  // Groq, Hugging Face, Replicate, xAI, Perplexity, NVIDIA, Fireworks, Together, Cerebras, Voyage, Jina, Tavily
  "(?:gsk_|hf_|r8_|xai-|pplx-|nvapi-|fw_|tgp_v1_|csk-|pa-|jina_|tvly-)[A-Za-z0-9_-]{16,}",
  // Google, AWS
  "AIza[A-Za-z0-9_-]{30,}",
  String.raw`ya29\.[A-Za-z0-9_-]{20,}`,
  "(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}",
  "ABSK[A-Za-z0-9+/]{60,}={0,2}",
  // GitHub, GitLab, Slack, npm, SendGrid
  "(?:gh[pousr]_|github_pat_)[A-Za-z0-9_]{20,}",
  "glpat-[A-Za-z0-9_-]{16,}",
  "xox[a-z]-[A-Za-z0-9-]{10,}",
  "npm_[A-Za-z0-9]{30,}",
  String.raw`SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}`,
  // JSON Web Tokens; without the bound, a text of beginnings would be read to its end from each of them
  String.raw`eyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?`,
];
const ownKey = "sk-hg-[a-z0-9]{10}-[a-z0-9]+";
/** Those of PGP, and encrypted ones, have lines of headers, in which there may be a hyphen. */
const privateKey =
  "-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*(?:-----END [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?";
const credential = new RegExp(`${wordStart}(?:${keyShapes.join("|")})|${ownKey}|${privateKey}`, "g");
const space = String.raw`(?:[ \t+]|%20){1,8}`;
/** The scheme, or the name, stays. */
const authorization = new RegExp(
  String.raw`${wordStart}(?:bearer${space}([\w.~+/=%-]{8,})|basic${space}([A-Za-z0-9+/]{16,}={0,2}))` +
    String.raw`|secret_?access_?key[\\"']{0,4}[ \t]{0,4}[:=][ \t]{0,4}[\\"']{0,4}([A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])`,
  "gi",
);

const email = /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}._%+-]+(?:@|%40)(?:[\p{L}\p{N}-]+\.)+\p{L}{2,}/gu;
const phone = /(?<![\w.+-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{1,4}\)[ .-]?)?\d{1,4}(?:[ .-]?\d{2,4}){1,5}(?![\w-])/g;
const digitGroups = /\d+(?:[ -]\d+)*/g;

/** Shorter ones are placeholders that occur in any text. */
const secretLengthMin = 8;

export interface Wanted {
  /** Credentials that are known. */
  secrets: readonly string[];
  redact: ReadonlySet<Redaction>;
}

/** All findings, in order, none over another. */
export function findSensitive(text: string, { secrets, redact }: Wanted): Finding[] {
  const all: Finding[] = [];
  const add = (kind: Kind, start: number, end: number) => void all.push({ kind, start, end });
  for (const secret of secrets.flatMap(writtenForms)) {
    for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + secret.length)) {
      add("credentials", at, at + secret.length);
    }
    // An answer that broke off may have broken off within one.
    const begun = text.indexOf(secret.slice(0, secretLengthMin), Math.max(0, text.length - secret.length + 1));
    if (begun >= 0 && secret.startsWith(text.slice(begun))) add("credentials", begun, text.length);
  }
  for (const { 0: match, index } of text.matchAll(credential)) add("credentials", index, index + match.length);
  for (const { 0: match, 1: bearer, 2: basic, 3: secretKey = "", index } of text.matchAll(authorization)) {
    const end = index + match.length;
    add("credentials", end - (bearer ?? basic ?? secretKey).length, end);
  }
  if (redact.has("card_numbers")) {
    for (const { 0: match, index } of text.matchAll(digitGroups)) {
      for (const [start, end] of cardsIn(match)) add("card_numbers", index + start, index + end);
    }
  }
  if (redact.has("emails")) for (const { 0: match, index } of text.matchAll(email)) add("emails", index, index + match.length);
  if (redact.has("phone_numbers")) {
    for (const { 0: match, index } of text.matchAll(phone)) {
      if (isPhone(match)) add("phone_numbers", index, index + match.length);
    }
  }
  return withoutOverlaps(all);
}

/** As it is, in a URL, and within strings within JSON. */
function writtenForms(secret: string): string[] {
  if (secret.length < secretLengthMin) return [];
  const slashed = JSON.stringify(secret).slice(1, -1);
  return [...new Set([secret, encodeURIComponent(Buffer.from(secret).toString()), slashed, slashed.replaceAll("/", "\\/")])];
}

/** What overlaps becomes one, of the first's kind. */
function withoutOverlaps(all: Finding[]): Finding[] {
  if (all.length < 2) return all;
  all.sort((a, b) => a.start - b.start || b.end - a.end);
  const apart: Finding[] = [];
  for (const finding of all) {
    const last = apart.at(-1);
    if (last === undefined || finding.start >= last.end) apart.push(finding);
    else last.end = Math.max(last.end, finding.end);
  }
  return apart;
}

/** Numbers of 13 to 19 digits, of whole groups, whose last digit is the right one. Of those that overlap, it takes them all. */
function cardsIn(run: string): [number, number][] {
  const groups = [...run.matchAll(/\d+/g)].map(({ 0: digits, index }) => ({ digits, start: index }));
  const cards: [number, number][] = [];
  for (let first = 0; first < groups.length; first++) {
    let digits = "";
    for (let last = first; last < groups.length && digits.length < 19; last++) {
      const group = groups[last] as { digits: string; start: number };
      digits += group.digits;
      if (digits.length < 13 || digits.length > 19 || !isLuhn(digits)) continue;
      cards.push([(groups[first] as { start: number }).start, group.start + group.digits.length]);
    }
  }
  return cards;
}

function isLuhn(digits: string): boolean {
  let sum = 0;
  for (let place = 0; place < digits.length; place++) {
    const digit = digits.charCodeAt(digits.length - 1 - place) - 48;
    const twice = digit * 2;
    sum += place % 2 === 0 ? digit : twice > 9 ? twice - 9 : twice;
  }
  return sum % 10 === 0;
}

/** With the sign of an international number, or in groups: what has neither may be any number. Neither dates nor addresses. */
function isPhone(text: string): boolean {
  const digits = text.replace(/\D/g, "").length;
  if (digits < 7 || digits > 15) return false;
  if (text.startsWith("+")) return true;
  if (!/[ .()-]/.test(text)) return false;
  const isDate = /^\d{4}([.-])\d{2}\1\d{2}\b|^\d{2}([.-])\d{2}\2\d{4}/.test(text);
  return !isDate && !/^\d+(?:\.\d+){1,3}$/.test(text.replace(/^\d{3}\.\d{3}\.\d{4}$/, "555-555-5555"));
}
