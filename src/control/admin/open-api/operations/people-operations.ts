// Users and groups in the OpenAPI document.
import type { z } from "zod";
import type { addGroupMemberBody, createGroupBody, GroupBody, GroupMemberBody, patchGroupBody } from "../../../../api/groups.ts";
import type { passwordLinkView } from "../../../../api/sessions.ts";
import type { createUserBody, patchUserBody, UserBody } from "../../../../api/users.ts";
import type { OperationDocs } from "../operation-doc.ts";
import { exampleIds, exampleTimes } from "./example-ids.ts";

const user: UserBody = {
  id: exampleIds.user,
  name: "Ada",
  email: "ada@example.org",
  username: null,
  role: "member",
  source: "local",
  subject: null,
  primary_group_id: exampleIds.group,
  groups: [{ id: exampleIds.group, name: "chemistry", source: "admin" }],
  limits: { requests_per_second: 5 },
  disabled: false,
  has_password: true,
  last_seen_at: exampleTimes.changed,
  created_at: exampleTimes.made,
  updated_at: exampleTimes.made,
  version: 1,
};

const group: GroupBody = {
  id: exampleIds.group,
  name: "chemistry",
  models: ["prod-gpt-4o", "gpt-4o-*"],
  limits: { requests_per_minute: 600 },
  bodies: null,
  source: null,
  external_id: null,
  member_count: 12,
  key_count: 31,
  created_at: exampleTimes.made,
  updated_at: exampleTimes.made,
  version: 1,
};

const member: GroupMemberBody = { id: exampleIds.user, name: "Ada", source: "admin", created_at: exampleTimes.made };

export const peopleOperations: OperationDocs = {
  "POST /users": {
    id: "createUser",
    description: "The user has no password yet: `POST /users/{id}/password-link` makes a link that sets one.",
    body: {
      member: { name: "Ada", email: "ada@example.org" } satisfies z.input<typeof createUserBody>,
      operator: { name: "Grace", email: "grace@example.org", role: "operator" } satisfies z.input<typeof createUserBody>,
    },
    answer: { user },
  },
  "GET /users": {
    id: "listUsers",
    description: "Those made here and those whom identity providers have proven.",
    query: { search: "ada", role: "member", group: exampleIds.group },
    answer: { page: { data: [user], next_cursor: null } },
  },
  "GET /users/:id": { id: "getUser", description: "With the groups that the user is in.", answer: { user } },
  "PATCH /users/:id": {
    id: "updateUser",
    description: "The last administrator stays one. `disabled` shuts the user out at once, keys and tokens included.",
    ifMatch: true,
    body: {
      rate: { limits: { requests_per_second: 5 } } satisfies z.input<typeof patchUserBody>,
      shut_out: { disabled: true } satisfies z.input<typeof patchUserBody>,
    },
    answer: { user: { ...user, disabled: true, updated_at: exampleTimes.changed, version: 2 } },
  },
  "DELETE /users/:id": {
    id: "deleteUser",
    description: "The user's keys are revoked, the sessions end. What was recorded stays in the ledger.",
    ifMatch: true,
  },
  "POST /users/:id/password-link": {
    id: "createPasswordLink",
    description: "For accounts of this installation. The link that was made last is the one that counts.",
    answer: {
      link: {
        link: "https://headgate.example.org/dashboard/password#…",
        expires_at: exampleTimes.now,
      } satisfies z.output<typeof passwordLinkView>,
    },
  },
  "POST /groups": {
    id: "createGroup",
    description: "A group without models grants none. `everyone` is there from the start.",
    body: {
      made_here: { name: "chemistry", models: ["gpt-4o-*"], limits: { requests_per_minute: 600 } } satisfies z.input<
        typeof createGroupBody
      >,
      of_a_provider: {
        name: "chemistry",
        models: ["*"],
        source: "https://auth.globus.org",
        external_id: "b0d7c1c6-7d29-4c1e-9c5b-3a5e1f0d2a47",
      } satisfies z.input<typeof createGroupBody>,
    },
    answer: { group },
  },
  "GET /groups": {
    id: "listGroups",
    description: "Whoever's role reaches no further sees the groups that they are in.",
    query: { search: "chem" },
    answer: { page: { data: [group], next_cursor: null } },
  },
  "GET /groups/:id": { id: "getGroup", description: "`grp_everyone` is the group of everybody.", answer: { group } },
  "PATCH /groups/:id": {
    id: "updateGroup",
    description: "What its members may use changes at once.",
    ifMatch: true,
    body: { models: { models: ["prod-gpt-4o", "gpt-4o-*"] } satisfies z.input<typeof patchGroupBody> },
    answer: { group: { ...group, updated_at: exampleTimes.changed, version: 2 } },
  },
  "DELETE /groups/:id": {
    id: "deleteGroup",
    description: "`everyone` stays, and so does a group that keys are paid by: give those another one first.",
    ifMatch: true,
  },
  "GET /groups/:id/members": {
    id: "listGroupMembers",
    description: "`source` says who put each there; only `admin` can be changed here.",
    answer: { page: { data: [member], next_cursor: null } },
  },
  "POST /groups/:id/members": {
    id: "addGroupMemberByEmail",
    description: "For those who know somebody's address and may not list users.",
    body: { by_email: { email: "ada@example.org" } satisfies z.input<typeof addGroupMemberBody> },
    answer: { member },
  },
  "PUT /groups/:id/members/:user_id": { id: "addGroupMember", description: "Done already is done too." },
  "DELETE /groups/:id/members/:user_id": {
    id: "removeGroupMember",
    description: "A membership that a provider vouches for ends there.",
  },
  "PUT /groups/:id/models/:model": {
    id: "grantModel",
    description: "A name or a pattern with `*`, percent-encoded. Done already is done too.",
  },
  "DELETE /groups/:id/models/:model": {
    id: "revokeModel",
    description: "The name or pattern as it was granted, percent-encoded.",
  },
};
