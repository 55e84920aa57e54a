// The frame of every page: its name in the window and as the heading, what it is for, what can be done.
import { type ReactNode, useEffect } from "react";

/** What names the part of the page that takes the focus when it opens. */
export const pageHeadingId = "page-heading";

export interface PageProps {
  title: string;
  /** One sentence for who sees it for the first time. */
  description?: ReactNode;
  /** Buttons, the most usual first. */
  actions?: ReactNode;
  /** What it is a part of: a link back. */
  trail?: ReactNode;
  children: ReactNode;
}

export function Page({ title, description, actions, trail, children }: PageProps) {
  useEffect(() => {
    document.title = `${title} · Headgate`;
  }, [title]);
  return (
    <div className="mx-auto flex w-full max-w-7xl flex-col gap-5 px-4 py-5 md:px-8 md:py-7">
      <header className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          {trail && <div className="mb-1 text-sm text-muted">{trail}</div>}
          <h1 id={pageHeadingId} dir="auto" className="text-2xl font-semibold tracking-tight">
            {title}
          </h1>
          {description && <p className="mt-1 max-w-3xl text-muted">{description}</p>}
        </div>
        {actions && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}
