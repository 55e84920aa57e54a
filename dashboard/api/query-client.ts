// What was asked of the admin API is kept here; live events say when it no longer holds.
import { MutationCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client.ts";

/** Tries that an unreachable server or a 5xx gets; anything else would only be refused again. */
const triesMax = 2;

/** How often what has failed so is asked for again, ms: pages come back by themselves. */
export const againMs = 5000;

/** Whether it may be good the next time, with nobody doing anything: no answer, or a 5xx. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 0 || error.status >= 500;
}

/** What a provider is asked for when somebody wants to know: never again by itself. */
const askedOnce = new Set<unknown>(["preview", "listing"]);

export const queryClient = new QueryClient({
  mutationCache: new MutationCache({
    // Somebody else was quicker: what they have made of it is shown at once.
    onError: (error) => {
      if (error instanceof ApiError && error.code === "stale") void refreshAll();
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) => count < triesMax && isPassing(error),
      retryDelay: (count) => 500 * 2 ** count,
      refetchOnWindowFocus: true,
      refetchInterval: ({ queryKey, state: { status, error } }) =>
        status === "error" && isPassing(error) && !askedOnce.has(queryKey[0]) && againMs,
    },
    mutations: { retry: false },
  },
});

/** Asks anew for all that is on the screen. */
export function refreshAll(): Promise<void> {
  return queryClient.invalidateQueries({ predicate: ({ queryKey }) => !askedOnce.has(queryKey[0]) });
}
