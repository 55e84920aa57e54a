// Short messages about what has been done, announced and gone after a while.
import { useSyncExternalStore } from "react";
import { Notice } from "./notice.tsx";

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

const shownMs = 6000;
const shownMax = 3;
let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function show(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Shows `text` at the edge of the page for some seconds. */
export function toast(text: string, { isBad = false } = {}): void {
  lastId += 1;
  const id = lastId;
  show([...toasts, { id, text, isBad }].slice(-shownMax));
  setTimeout(() => show(toasts.filter((shown) => shown.id !== id)), shownMs);
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <div className="fixed right-3 bottom-3 z-50 flex w-80 max-w-[calc(100vw-1.5rem)] flex-col gap-2" aria-live="polite">
      {shown.map(({ id, text, isBad }) => (
        <div key={id} className="rounded-md shadow-lg">
          <Notice tone={isBad ? "bad" : "info"}>{text}</Notice>
        </div>
      ))}
    </div>
  );
}
