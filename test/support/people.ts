// People of every role in a running admin API, who ask with a browser's session or with a key of theirs.
import { csrfToken, newSessionSecret, sessionDigest } from "../../src/control/accounts/session-secret.ts";
import { newId } from "../../src/core/ids.ts";
import { roles } from "../../src/domain/policy.ts";
import { userRow } from "../../src/storage/rows.contract.ts";
import type { AdminApiUnderTest, Answer } from "./admin-api.ts";

export const ways = ["session", "key"] as const;
export type Way = (typeof ways)[number];

export interface Person {
  id: string;
  name: string;
  role: string;
  call(method: string, path: string, body?: unknown, way?: Way): Promise<Answer>;
}

/** With a session and a key of the scope `admin`. */
export async function person(api: AdminApiUnderTest, role: string, name = `the ${role}`): Promise<Person> {
  const { id } = userRow();
  await api.storage.users.insert(userRow({ id, name, role }));
  const secret = newSessionSecret();
  const nowMs = Date.now();
  await api.storage.sessions.insert({
    id: newId("ses"),
    digest: sessionDigest(secret),
    user_id: id,
    method: "password",
    address: null,
    user_agent: null,
    created_at: nowMs,
    last_seen_at: nowMs,
    expires_at: nowMs + 3_600_000,
  });
  const made = await api.call("POST", "/keys", { name: `key of ${name}`, user_id: id, scopes: ["inference", "admin"] });
  const session = { cookie: `headgate_session=${secret}`, "x-csrf-token": csrfToken(secret) };
  return {
    id,
    name,
    role,
    call: (method, path, body, way = "session") =>
      api.call(method, path, body, way === "key" ? { token: made.body.key } : { token: null, headers: session }),
  };
}

/** One of each role. */
export async function peopleOfAllRoles(api: AdminApiUnderTest): Promise<Person[]> {
  const people: Person[] = [];
  for (const role of roles) people.push(await person(api, role));
  return people;
}
