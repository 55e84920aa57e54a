// An answer while it comes and after: what is shown of it, told to who shows it once per frame and not for each token.
import { messageOf } from "../../components/notice.tsx";
import { type ChatBody, streamChat } from "./chat-stream.ts";

export interface Answer {
  state: "running" | "done" | "stopped" | "failed";
  text: string;
  reasoning: string;
  /** Why it failed. */
  error: string | null;
  requestId: string | null;
  /** From the request being sent to the first piece of text, ms. */
  firstTokenMs: number | null;
  /** To the end, ms. */
  totalMs: number | null;
  usage: { inputTokens: number; outputTokens: number } | null;
}

/** An answer that React can follow. */
export interface RunningAnswer {
  readonly body: ChatBody;
  get(): Answer;
  subscribe(listener: () => void): () => void;
  stop(): void;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
}

const atFirst: Answer = {
  state: "running",
  text: "",
  reasoning: "",
  error: null,
  requestId: null,
  firstTokenMs: null,
  totalMs: null,
  usage: null,
};

/** Sends `body` at once. */
export function startAnswer(body: ChatBody): RunningAnswer {
  const abort = new AbortController();
  const listeners = new Set<() => void>();
  const startedMs = performance.now();
  const sinceMs = () => performance.now() - startedMs;
  let shown = atFirst;
  // What has come since the last frame.
  let next = atFirst;
  let frame: number | null = null;
  const show = () => {
    frame = null;
    shown = next;
    for (const listener of listeners) listener();
  };
  const change = (changes: Partial<Answer>) => {
    next = { ...next, ...changes };
    frame ??= requestAnimationFrame(show);
  };
  const end = (changes: Partial<Answer>) => {
    next = { ...next, ...changes, totalMs: sinceMs() };
    // No frames come while the page is hidden.
    if (frame !== null) cancelAnimationFrame(frame);
    show();
  };
  const listener = {
    onText: (text: string, isReasoning: boolean) => {
      const firstTokenMs = next.firstTokenMs ?? sinceMs();
      change(isReasoning ? { reasoning: next.reasoning + text, firstTokenMs } : { text: next.text + text, firstTokenMs });
    },
    onUsage: (usage: Answer["usage"]) => change({ usage }),
    onRequestId: (requestId: string) => change({ requestId }),
  };
  const ended = streamChat(body, listener, abort.signal).then(
    () => end({ state: "done" }),
    (error: unknown) => end(abort.signal.aborted ? { state: "stopped" } : { state: "failed", error: messageOf(error) }),
  );
  return {
    body,
    get: () => shown,
    subscribe: (follow) => {
      listeners.add(follow);
      return () => listeners.delete(follow);
    },
    stop: () => abort.abort(),
    ended,
  };
}

/** Output tokens per second after the first; null: it can't be told. */
export function tokensPerSecond({ usage, firstTokenMs, totalMs }: Answer): number | null {
  if (usage === null || firstTokenMs === null || totalMs === null || usage.outputTokens < 2) return null;
  const ms = totalMs - firstTokenMs;
  return ms < 1 ? null : ((usage.outputTokens - 1) * 1000) / ms;
}
