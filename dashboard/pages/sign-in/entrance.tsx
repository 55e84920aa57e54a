// The frame of the pages in front of the sign-in.
import { type ReactNode, useEffect } from "react";
import { iconUrl } from "../../layout/icon.ts";

export function Entrance({ title, description, children }: { title: string; description?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Headgate`;
  }, [title]);
  return (
    <main className="flex min-h-dvh items-center justify-center p-4">
      <div className="w-full max-w-sm">
        <div className="mb-6 flex items-center justify-center gap-3 text-xl font-semibold">
          <img src={iconUrl} alt="" width={36} height={36} />
          Headgate
        </div>
        <div className="rounded-xl border border-line bg-surface p-6">
          <h1 className="text-lg font-semibold">{title}</h1>
          {description && <p className="mt-1 text-sm text-muted">{description}</p>}
          <div className="mt-5">{children}</div>
        </div>
      </div>
    </main>
  );
}
