// Signing in and sessions in the OpenAPI document.
import type { z } from "zod";
import type {
  changePasswordBody,
  createSessionBody,
  resetPasswordBody,
  SessionBody,
  setupBody,
  signInView,
} from "../../../../api/sessions.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";
import { signedIn } from "./system-operations.ts";

const session: SessionBody = {
  id: exampleIds.session,
  user_id: exampleIds.user,
  user_name: "Ada",
  method: "password",
  address: "192.0.2.17",
  user_agent: "Mozilla/5.0",
  is_current: true,
  created_at: exampleTimes.made,
  last_seen_at: exampleTimes.changed,
  expires_at: "2026-11-27T09:14:07.412Z",
};

const password = "correct horse battery staple";

export const signInOperations: OperationDocs = {
  "GET /sign-in": {
    id: "getSignInWays",
    description: "For a page that lets people in: needs no credential.",
    answer: {
      ways: {
        password: true,
        setup_required: false,
        oidc: [{ id: "0", name: "login.example.org" }],
        proxy: false,
      } satisfies z.output<typeof signInView>,
    },
  },
  "POST /setup": {
    id: "createFirstAdministrator",
    description: "The secret is good once, for 24 hours, and while there is no administrator.",
    body: {
      account: { secret: "…", name: "Grace", email: "grace@example.org", password } satisfies z.input<typeof setupBody>,
    },
    answer: { signed_in: signedIn },
  },
  "POST /sessions": {
    id: "signIn",
    description: "What was tried in vain is counted for the account and for the address; too much of it gets 429.",
    body: {
      password: { email: "ada@example.org", password } satisfies z.input<typeof createSessionBody>,
      proxy: { proxy: true } satisfies z.input<typeof createSessionBody>,
    },
    answer: { signed_in: signedIn },
  },
  "GET /sessions": {
    id: "listSessions",
    description: "`is_current` is the one that asks.",
    query: { user_id: exampleIds.user },
    answer: { page: { data: [session], next_cursor: null } },
  },
  "DELETE /sessions/current": { id: "signOut", description: "The cookie is taken back too." },
  "DELETE /sessions/:id": { id: "endSession", description: "Whoever uses it is signed out with their next request." },
  "POST /password": {
    id: "resetPassword",
    description: "The secret is what follows `#` in the link.",
    body: { from_a_link: { secret: "…", password } satisfies z.input<typeof resetPasswordBody> },
  },
  "PUT /password": {
    id: "changePassword",
    description: "For accounts of this installation; a provider's users have their password there.",
    body: {
      change: { current_password: password, password: "another horse battery staple" } satisfies z.input<
        typeof changePasswordBody
      >,
    },
    answer: { signed_in: signedIn },
  },
  "GET /sign-in/oidc/:provider": {
    id: "beginOidcSignIn",
    description: "A browser goes here, not a program: with PKCE, a state and a nonce of its own.",
    query: { return_to: "/dashboard/keys" },
  },
  "GET /sign-in/oidc/:provider/callback": {
    id: "finishOidcSignIn",
    description:
      "Where the provider sends the browser back to. Sets the session's cookie, or goes back to the sign-in page with `error`.",
  },
};
