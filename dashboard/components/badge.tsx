// A state in a word and a colour; the word alone says it too.
import type { ReactNode } from "react";

export type Tone = "good" | "warn" | "bad" | "info" | "neutral";

const tones: Record<Tone, string> = {
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  info: "bg-info-soft text-info",
  neutral: "bg-raised text-muted",
};

export function Badge({ tone = "neutral", title, children }: { tone?: Tone; title?: string | undefined; children: ReactNode }) {
  return (
    <span
      title={title}
      className={`inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap ${tones[tone]}`}
    >
      {children}
    </span>
  );
}

const statusTones: Readonly<Record<string, Tone>> = {
  active: "good",
  healthy: "good",
  ok: "good",
  live: "good",
  done: "good",
  settled: "good",
  added: "good",
  returned: "good",
  offline: "bad",
  failed: "bad",
  benched: "bad",
  unavailable: "bad",
  dropped: "bad",
  interrupted: "bad",
  trial: "warn",
  resting: "warn",
  guarded: "warn",
  stale: "warn",
  degraded: "warn",
  conflict: "warn",
  maintenance: "warn",
  never_synced: "warn",
  never_loaded: "warn",
  running: "info",
  waiting: "info",
  in_progress: "info",
};

/** A `status` as the API names it, in words. */
export function StatusBadge({ status, title }: { status: string; title?: string | undefined }) {
  return (
    <Badge tone={statusTones[status] ?? "neutral"} title={title}>
      {status.replaceAll("_", " ")}
    </Badge>
  );
}
