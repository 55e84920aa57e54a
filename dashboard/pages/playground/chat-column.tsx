// The conversation with one model.
import { type ReactNode, useRef } from "react";
import { AnswerView } from "./answer-view.tsx";
import type { Turn } from "./conversation.ts";

export interface ChatColumnProps {
  /** Names this part of the page. */
  label: string;
  /** Which model it is with. */
  picker: ReactNode;
  turns: readonly Turn[];
  /** Shown while there is none. */
  empty: ReactNode;
}

/** How near the end one has to be for the view to follow it, px. */
const nearPx = 80;

export function ChatColumn({ label, picker, turns, empty }: ChatColumnProps) {
  const box = useRef<HTMLDivElement>(null);
  const isFollowing = useRef(true);
  const follow = () => {
    if (isFollowing.current) box.current?.scrollTo({ top: box.current.scrollHeight });
  };
  return (
    <section aria-label={label} className="flex min-w-0 flex-col rounded-lg border border-line bg-surface">
      <div className="border-b border-line p-3">{picker}</div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable with the keyboard
        tabIndex={0}
        role="group"
        aria-label={`${label}: turns`}
        className="flex h-[max(18rem,calc(100dvh-29rem))] flex-col gap-4 overflow-y-auto p-4"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          isFollowing.current = scrollHeight - scrollTop - clientHeight < nearPx;
        }}
      >
        {turns.length === 0 && <div className="m-auto max-w-sm text-center text-sm text-muted">{empty}</div>}
        {turns.map(({ id, prompt, answer }) => (
          <div key={id} className="flex flex-col gap-3">
            <div className="max-w-[85%] self-end rounded-lg bg-raised px-3 py-2">
              <span className="sr-only">You: </span>
              <p className="whitespace-pre-wrap">{prompt}</p>
            </div>
            <AnswerView answer={answer} onGrow={follow} />
          </div>
        ))}
      </div>
    </section>
  );
}
