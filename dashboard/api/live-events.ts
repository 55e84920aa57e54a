// Refetches what is on the screen when the server says that it has changed; rests while nobody looks.
import { useEffect, useSyncExternalStore } from "react";
import type { Topic } from "../../src/domain/topics.ts";
import { apiPath } from "../base-path.ts";
import { queryClient, refreshAll } from "./query-client.ts";

/** What else a topic makes stale: these pages show things of others. */
const alsoStale: Partial<Record<Topic, readonly Topic[]>> = {
  configuration: ["endpoints", "models", "keys", "users", "groups", "manifests"],
  health: ["models", "endpoints"],
  endpoints: ["models"],
};

/** Before a stream that the server has refused is tried again, ms: the browser does that only for those that broke. */
const reopenMs = 8000;

/** How often a page refetches for events that come all the time, ms. */
const restMs = 3000;

/** How long the stream may be broken before the page says so, ms: a restart or a change of network is quicker. */
const patienceMs = 2000;

let isCutOff = false;
const followers = new Set<() => void>();

function setCutOff(next: boolean): void {
  if (isCutOff === next) return;
  isCutOff = next;
  for (const follow of followers) follow();
}

function subscribe(follow: () => void): () => void {
  followers.add(follow);
  return () => followers.delete(follow);
}

/** Whether what is on the screen may be old, as Headgate does not answer. */
export function useIsCutOff(): boolean {
  return useSyncExternalStore(subscribe, () => isCutOff);
}

/** Listens while the page is visible. Call it once. */
export function useLiveEvents(isEnabled: boolean): void {
  useEffect(() => {
    if (!isEnabled) return;
    let source: EventSource | null = null;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let reopening: ReturnType<typeof setTimeout> | null = null;
    let warning: ReturnType<typeof setTimeout> | null = null;
    // Also when the first try fails: what was asked for meanwhile has failed too.
    let hasMissed = false;
    const stale = new Set<Topic>();
    const refetch = () => {
      timer = null;
      const topics = new Set([...stale].flatMap((topic) => [topic, ...(alsoStale[topic] ?? [])]));
      stale.clear();
      void queryClient.invalidateQueries({ predicate: ({ queryKey }) => topics.has(queryKey[0] as Topic) });
    };
    const open = () => {
      source = new EventSource(`${apiPath}/events`);
      source.addEventListener("open", () => {
        // What happened while there was no stream is not told later.
        if (hasMissed) void refreshAll();
        hasMissed = false;
        calm();
      });
      source.addEventListener("error", () => {
        hasMissed = true;
        warning ??= setTimeout(() => setCutOff(true), patienceMs);
        if (source?.readyState !== EventSource.CLOSED) return;
        close();
        // Refused, not broken: the session may have ended.
        void queryClient.invalidateQueries({ queryKey: ["whoami"] });
        reopening = setTimeout(followVisibility, reopenMs * (0.5 + Math.random()));
      });
      source.addEventListener("change", (event) => {
        const { topics } = JSON.parse(event.data) as { topics: Topic[] };
        for (const topic of topics) stale.add(topic);
        timer ??= setTimeout(refetch, restMs);
      });
    };
    const calm = () => {
      if (warning !== null) clearTimeout(warning);
      warning = null;
      setCutOff(false);
    };
    const close = () => {
      if (reopening !== null) clearTimeout(reopening);
      reopening = null;
      source?.close();
      source = null;
    };
    // Browsers allow few connections to one host: tabs that nobody sees must not hold any.
    const followVisibility = () => {
      if (document.visibilityState === "hidden") {
        hasMissed = true;
        calm();
        close();
      } else if (source === null) open();
    };
    if (document.visibilityState !== "hidden") open();
    document.addEventListener("visibilitychange", followVisibility);
    return () => {
      document.removeEventListener("visibilitychange", followVisibility);
      if (timer !== null) clearTimeout(timer);
      calm();
      close();
    };
  }, [isEnabled]);
}
