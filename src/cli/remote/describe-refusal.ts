// What the admin API refused, for the person who typed the command: its own message, each conflict, and what to do about a token.
import { printable } from "./printable.ts";

export interface Refusal {
  status: number;
  /** The answer's body; undefined when it was no JSON. */
  json: unknown;
  /** The server that was asked. */
  url: string;
  /** Where the token came from, in words. */
  tokenSource: string;
}

interface ApiError {
  code: string;
  message: string;
  field?: string;
  conflicts?: unknown[];
}

export function describeRefusal({ status, json, url, tokenSource }: Refusal): string {
  const error = (json as { error?: Partial<ApiError> } | null | undefined)?.error;
  if (typeof error?.message !== "string" || typeof error.code !== "string") {
    const what = status >= 300 && status < 400 ? "sends elsewhere" : "does not answer as Headgate's admin API does";
    return `${url} ${what} (status ${status}). Is it the URL of Headgate? --url or HEADGATE_URL name another one.`;
  }
  const { code, message, field, conflicts = [] } = error as ApiError;
  const told = field === undefined || message.includes(field) ? message : `${field}: ${message}`;
  const lines = [printable(told), ...conflicts.map((conflict) => `  - ${describeConflict(conflict)}`)];
  if (status === 401) lines.push(`The token came from ${tokenSource}; ${url} does not take it (${printable(code)}).`);
  if (status === 403) lines.push(`The token came from ${tokenSource}; its rights are those of its key and of the key's owner.`);
  if (status >= 500) lines.push(`Code: ${printable(code)}.`);
  return lines.join("\n");
}

/** `gpt-4o → chat: …` for a public name that is taken, else the fields as they are. */
function describeConflict(conflict: unknown): string {
  if (typeof conflict !== "object" || conflict === null) return printable(String(conflict));
  const { model, alias, reason } = conflict as Record<string, unknown>;
  if (typeof reason === "string" && typeof model === "string") {
    const name = typeof alias === "string" && alias !== model ? ` → ${alias}` : "";
    return printable(`${model}${name}: ${reason}`);
  }
  const fields = Object.entries(conflict).filter(([, value]) => value !== null && value !== undefined);
  return printable(
    fields.map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", "),
  );
}
