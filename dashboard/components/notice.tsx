// Says what is empty, what failed, and what to do about it.
import { CircleAlert, Inbox, Info, TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/client.ts";
import { Button } from "./button.tsx";

type Tone = "info" | "warn" | "bad";
const looks: Record<Tone, string> = {
  info: "bg-info-soft text-info",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
};
const icons = { info: Info, warn: TriangleAlert, bad: CircleAlert };

/** A message within a page; `bad` ones are announced at once. */
export function Notice({ tone = "info", title, children }: { tone?: Tone; title?: string; children?: ReactNode }) {
  const Icon = icons[tone];
  return (
    <div role={tone === "bad" ? "alert" : "status"} className={`flex gap-2.5 rounded-md px-3.5 py-2.5 ${looks[tone]}`}>
      <Icon size={18} className="mt-0.5 flex-none" aria-hidden />
      <div className="min-w-0">
        {title && <p className="font-medium">{title}</p>}
        {children && <div className="text-sm">{children}</div>}
      </div>
    </div>
  );
}

/** Nothing is there: what would be, and how to get it. */
export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="flex flex-col items-center gap-2 px-4 py-12 text-center">
      <Inbox size={28} className="text-muted" aria-hidden />
      <p className="font-medium">{title}</p>
      {children && <div className="max-w-md text-sm text-muted">{children}</div>}
      {action && <div className="mt-2">{action}</div>}
    </div>
  );
}

/** Something could not be loaded. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <div className="p-4">
      <Notice tone="bad" title="This could not be loaded">
        <p>{messageOf(error)}</p>
        {onRetry && (
          <Button className="mt-2" onClick={onRetry}>
            Try again
          </Button>
        )}
      </Notice>
    </div>
  );
}

/** What went wrong, in words for who sees it. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiError) {
    if (error.code === "stale") return "Somebody else has changed this in the meantime. Reload it, then make your change again.";
    if (error.code === "csrf_required") return "Somebody has signed in anew in this browser. Try it once more.";
    return error.message;
  }
  return error instanceof Error ? error.message : "Something unexpected happened.";
}

/** Grey lines in place of what is loading. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div role="status" aria-label="Loading" className="flex flex-col gap-3 p-4">
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines have nothing else to be told by
        <div key={index} className="h-4 animate-pulse rounded bg-raised" style={{ width: `${90 - ((index * 17) % 45)}%` }} />
      ))}
    </div>
  );
}
