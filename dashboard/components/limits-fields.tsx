// Limits of a key, user, group or model. Budgets and token rates take their place here when they exist.
import type { LimitsBody } from "../../src/api/limits.ts";
import { TextField } from "./form.tsx";

/** What is typed: text, "" for no limit. */
export interface TypedLimits {
  requestsPerSecond: string;
  requestsPerMinute: string;
}

export function typedLimits(limits: LimitsBody | null): TypedLimits {
  return {
    requestsPerSecond: String(limits?.requests_per_second ?? ""),
    requestsPerMinute: String(limits?.requests_per_minute ?? ""),
  };
}

/** As a merge patch: null takes a limit back. */
export function limitsPatch(typed: TypedLimits): { requests_per_second: number | null; requests_per_minute: number | null } {
  const numberOf = (text: string) => (text.trim() === "" ? null : Number(text));
  return { requests_per_second: numberOf(typed.requestsPerSecond), requests_per_minute: numberOf(typed.requestsPerMinute) };
}

/** Of a new one: only those that are set; null: none. */
export function newLimits(typed: TypedLimits): LimitsBody | null {
  const given = Object.entries(limitsPatch(typed)).filter(([, value]) => value !== null);
  return given.length === 0 ? null : (Object.fromEntries(given) as LimitsBody);
}

export function LimitsFields({ value, onChange }: { value: TypedLimits; onChange: (value: TypedLimits) => void }) {
  return (
    <div className="grid grid-cols-1 gap-4 sm:grid-cols-2">
      <TextField
        label="Requests per second"
        name="limits.requests_per_second"
        isOptional
        inputMode="numeric"
        pattern="[0-9]*"
        value={value.requestsPerSecond}
        onChange={(requestsPerSecond) => onChange({ ...value, requestsPerSecond })}
      />
      <TextField
        label="Requests per minute"
        name="limits.requests_per_minute"
        isOptional
        inputMode="numeric"
        pattern="[0-9]*"
        value={value.requestsPerMinute}
        onChange={(requestsPerMinute) => onChange({ ...value, requestsPerMinute })}
      />
    </div>
  );
}

/** "60/min, 5/s", or "none". */
export function LimitsText({ limits, none = "none" }: { limits: LimitsBody | null; none?: string }) {
  const parts = [
    limits?.requests_per_minute === undefined ? "" : `${limits.requests_per_minute}/min`,
    limits?.requests_per_second === undefined ? "" : `${limits.requests_per_second}/s`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? <span className="text-muted">{none}</span> : <span>{parts.join(", ")}</span>;
}
