// A box with a heading for a part of a page.
import type { ReactNode } from "react";

export interface CardProps {
  title?: string;
  description?: ReactNode;
  actions?: ReactNode;
  /** Without padding: for tables. */
  isFlush?: boolean;
  /** A part that one may want to jump to: named by its title. */
  isLandmark?: boolean;
  children: ReactNode;
}

export function Card({ title, description, actions, isFlush = false, isLandmark = false, children }: CardProps) {
  return (
    <section aria-label={isLandmark ? title : undefined} className="min-w-0 rounded-lg border border-line bg-surface">
      {(title || actions) && (
        <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-3">
          <div>
            {title && <h2 className="font-semibold">{title}</h2>}
            {description && <p className="text-sm text-muted">{description}</p>}
          </div>
          {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
        </div>
      )}
      <div className={isFlush ? "" : "p-4"}>{children}</div>
    </section>
  );
}

/** A figure with its name, and optionally what it was before. */
export function Figure({ label, value, detail }: { label: string; value: ReactNode; detail?: ReactNode }) {
  return (
    <div className="min-w-0 rounded-lg border border-line bg-surface px-4 py-3">
      <div className="text-sm text-muted">{label}</div>
      <div className="mt-0.5 text-2xl font-semibold tabular-nums">{value}</div>
      {detail && <div className="mt-0.5 text-xs text-muted">{detail}</div>}
    </div>
  );
}

/** Names and values, e.g. the settings of a resource. */
export function Facts({ facts }: { facts: readonly (readonly [label: string, value: ReactNode])[] }) {
  return (
    <dl className="grid grid-cols-1 gap-x-6 gap-y-0.5 sm:gap-y-2 sm:grid-cols-[minmax(8rem,max-content)_1fr]">
      {facts.map(([label, value]) => (
        <div key={label} className="contents">
          <dt className="text-muted">{label}</dt>
          <dd className="min-w-0 max-sm:mb-2">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
