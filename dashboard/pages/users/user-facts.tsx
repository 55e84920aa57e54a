// What is known of a user.
import { Link } from "@tanstack/react-router";
import type { UserBody } from "../../../src/api/users.ts";
import { Facts } from "../../components/card.tsx";
import { LimitsText } from "../../components/limits-text.tsx";
import { Time } from "../../components/time.tsx";
import { roleNames } from "../../format/role-names.ts";
import { roleHints } from "./role-options.ts";

export function UserFacts({ user }: { user: UserBody }) {
  return (
    <Facts
      facts={[
        ["E-mail address", user.email ?? "–"],
        ...(user.username === null ? [] : ([["User name", user.username]] as const)),
        ["Role", `${roleNames[user.role]}: ${roleHints[user.role]}`],
        ["Groups", <Groups key="groups" groups={user.groups} />],
        ["Account of", user.source === "local" ? "this installation" : user.source],
        ["Signs in with a password", user.has_password ? "yes" : "no"],
        ["Limits", <LimitsText key="limits" limits={user.limits} none={user.limits === null ? "the default" : "none"} />],
        ["Last seen", <Time key="seen" at={user.last_seen_at} />],
        ["Created", <Time key="created" at={user.created_at} />],
        [
          "Id",
          <code key="id" className="font-mono text-xs">
            {user.id}
          </code>,
        ],
      ]}
    />
  );
}

function Groups({ groups }: { groups: UserBody["groups"] }) {
  if (groups.length === 0) return <span className="text-muted">everyone</span>;
  return (
    <ul className="flex flex-wrap gap-x-3">
      {groups.map(({ id, name, source }) => (
        <li key={`${id} ${source}`}>
          <Link to="/groups/$id" params={{ id }} className="text-accent-strong hover:underline">
            {name}
          </Link>
          {source !== "admin" && <span className="text-muted"> ({source})</span>}
        </li>
      ))}
    </ul>
  );
}
