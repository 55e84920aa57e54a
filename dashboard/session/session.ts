// Who is signed in, and what they may do: `GET /whoami`.
import { queryOptions } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import type { z } from "zod";
import type { whoamiView } from "../../src/api/system.ts";
import type { Action, Reach } from "../../src/domain/policy.ts";
import { ApiError, get, setCsrfToken } from "../api/client.ts";
import { queryClient } from "../api/query-client.ts";

export type Whoami = z.output<typeof whoamiView>;

const sessionKey = ["whoami"] as const;

/** Null: nobody is signed in. */
export const sessionQuery = queryOptions({
  queryKey: sessionKey,
  queryFn: async ({ signal }): Promise<Whoami | null> => {
    try {
      const whoami = adopt(await get<Whoami>("/whoami", {}, signal));
      forgetOthers(whoami);
      return whoami;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return adopt(null);
      throw error;
    }
  },
  staleTime: 60_000,
  // In another tab somebody may have signed out, or in as somebody else.
  refetchOnWindowFocus: "always",
});

/** What was shown to the one before is not for the one who is signed in now. */
function forgetOthers(whoami: Whoami | null): void {
  const before = queryClient.getQueryData<Whoami | null>(sessionKey);
  if (!before || before.user_id === whoami?.user_id) return;
  void queryClient.resetQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionKey[0] });
}

/** Takes over who a sign-in has answered that this is. */
export function signedInAs(whoami: Whoami | null): void {
  // Not the session itself: the frame around the pages observes that query, and has to see it change.
  queryClient.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
  queryClient.setQueryData(sessionQuery.queryKey, adopt(whoami));
}

/** Takes over the session that a new password has put in the place of this one. */
export function renewSession(whoami: Whoami): void {
  queryClient.setQueryData(sessionQuery.queryKey, adopt(whoami));
}

function adopt(whoami: Whoami | null): Whoami | null {
  setCsrfToken(whoami?.csrf_token ?? null);
  return whoami;
}

/** Given by the frame around the pages behind the sign-in: they go with it, and never see the session end under them. */
export const SessionContext = createContext<Whoami | null>(null);

/** For the pages behind the sign-in. */
export function useSession(): Whoami {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("this page is shown without a session");
  return session;
}

/** How far the role lets one do something; null: not at all. Only for what is shown: the server decides. */
export function useReach(action: Action): Reach | null {
  return useSession().permissions[action] ?? null;
}

/** Whether the role lets one do something at all. */
export function useCan(action: Action): boolean {
  return useReach(action) !== null;
}
