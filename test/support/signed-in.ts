// Somebody who has signed in to a running Headgate with a password, as their browser holds it.
import type { Headgate } from "./headgate.ts";

export interface SignedIn {
  id: string;
  /** The value of the session's cookie alone. */
  secret: string;
  csrfToken: string;
  /** For what changes something. */
  headers: { cookie: string; "x-csrf-token": string };
}

let count = 0;

/** Makes the user, too. `user`: fields of `POST /users` over the usual ones. */
export async function signIn(headgate: Headgate, user: Record<string, unknown> = {}): Promise<SignedIn> {
  const email = `person-${++count}@uni.test`;
  const made = await headgate.admin("POST", "/users", { name: `Person ${count}`, email, role: "member", ...user });
  if (made.status !== 201) throw new Error(`POST /users: ${made.status} ${JSON.stringify(made.body)}`);
  const { link } = (await headgate.admin("POST", `/users/${made.body.id}/password-link`)).body;
  const password = "a pass phrase of the tests";
  const post = (path: string, body: object) =>
    fetch(`${headgate.url}/admin/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  await post("/password", { secret: new URL(link).hash.slice(1), password });
  const answer = await post("/sessions", { email, password });
  if (answer.status !== 201) throw new Error(`POST /sessions: ${answer.status} ${await answer.text()}`);
  const cookie = (answer.headers.getSetCookie()[0] as string).split(";", 1)[0] as string;
  const { headers } = await fetch(`${headgate.url}/admin/api/v1/whoami`, { headers: { cookie } }).then(async (response) => {
    const { csrf_token: token } = (await response.json()) as { csrf_token: string };
    return { headers: { cookie, "x-csrf-token": token } };
  });
  return { id: made.body.id, secret: cookie.slice(cookie.indexOf("=") + 1), csrfToken: headers["x-csrf-token"], headers };
}
