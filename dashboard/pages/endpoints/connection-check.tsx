// How far a tried connection came: its stages as a line, what went wrong and what to do about it.
import { Check, Circle, Minus, X } from "lucide-react";
import type { z } from "zod";
import type { validationView } from "../../../src/api/endpoints.ts";
import { Notice } from "../../components/notice.tsx";
import { counted, duration } from "../../format/figures.ts";

export type Validation = z.output<typeof validationView>;

const stages = [
  ["dns", "DNS"],
  ["connect", "Connect"],
  ["tls", "TLS"],
  ["auth", "Sign-in"],
  ["http", "HTTP"],
  ["parse", "Model list"],
] as const;

type State = "passed" | "failed" | "not reached" | "not used" | "not known";

const marks: Record<State, { icon: typeof Check; look: string }> = {
  passed: { icon: Check, look: "bg-good-soft text-good" },
  failed: { icon: X, look: "bg-bad-soft text-bad" },
  "not reached": { icon: Circle, look: "bg-raised text-muted" },
  "not used": { icon: Minus, look: "bg-raised text-muted" },
  "not known": { icon: Minus, look: "bg-raised text-muted" },
};

/** `url`: the one that was tried. */
export function ConnectionCheck({ validation, url }: { validation: Validation; url: string }) {
  const { ok, message, hint, latency_ms: latencyMs, effective_url: effectiveUrl, models } = validation;
  return (
    <div className="flex flex-col gap-4">
      <ol aria-label="Stages of the check" className="flex flex-wrap gap-2">
        {stages.map(([stage, label]) => (
          <Stage key={stage} label={label} state={stateOf(stage, validation, url)} />
        ))}
      </ol>
      {ok ? (
        <p role="status" className="font-medium text-good">
          {message}
        </p>
      ) : (
        <Notice tone={validation.stage === "empty" ? "warn" : "bad"} title={message}>
          {hint}
        </Notice>
      )}
      <p className="text-sm text-muted">
        {effectiveUrl !== null && (
          <>
            Calls go to <code className="font-mono text-ink">{effectiveUrl}</code> ·{" "}
          </>
        )}
        took {duration(latencyMs)}
        {ok && ` · ${counted(models.length, "model")}`}
      </p>
    </div>
  );
}

function Stage({ label, state }: { label: string; state: State }) {
  const { icon: Icon, look } = marks[state];
  return (
    <li className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-1 text-xs font-medium ${look}`}>
      <Icon size={13} aria-hidden />
      {label}
      <span className={state === "failed" || state === "not used" ? "" : "sr-only"}>{state}</span>
    </li>
  );
}

function stateOf(stage: (typeof stages)[number][0], { stage: reached }: Validation, url: string): State {
  const order = stages.map(([name]) => name as string);
  // "empty" and "done" are past the last one: the list was read.
  const at = order.indexOf(reached);
  const index = order.indexOf(stage);
  if (index === at) return "failed";
  if (at !== -1 && index > at) return "not reached";
  if (stage === "tls" && url.trim().toLowerCase().startsWith("http:")) return "not used";
  // An answer that is not the list says nothing of the key.
  if (stage === "auth" && (reached === "http" || reached === "parse")) return "not known";
  return "passed";
}
