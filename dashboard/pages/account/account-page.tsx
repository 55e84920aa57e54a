// One's own account: what one may do here, the password, and where one is signed in.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { UserBody } from "../../../src/api/users.ts";
import { put } from "../../api/client.ts";
import { itemQuery } from "../../api/queries.ts";
import { queryClient } from "../../api/query-client.ts";
import { Card, Facts } from "../../components/card.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { Page } from "../../components/page.tsx";
import { toast } from "../../components/toasts.tsx";
import { WhatIsLeft } from "../../components/what-is-left.tsx";
import { roleNames } from "../../format/role-names.ts";
import { renewSession, useSession, type Whoami } from "../../session/session.ts";
import { SessionsCard } from "./sessions-card.tsx";

export function AccountPage() {
  const session = useSession();
  const mayRead = session.permissions["users.read"] !== undefined;
  const user = useQuery({
    ...itemQuery<UserBody>("users", `/users/${session.user_id}`),
    enabled: session.user_id !== null && mayRead,
  }).data;
  return (
    <Page title="Account">
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
        <Card title="You">
          <Facts
            facts={[
              ["Name", session.name],
              ["E-mail address", user?.email ?? "–"],
              ["Role", roleNames[session.role]],
              [
                "Groups",
                user === undefined || user.groups.length === 0 ? "everyone" : user.groups.map(({ name }) => name).join(", "),
              ],
              ["Account of", user === undefined || user.source === "local" ? "this installation" : user.source],
            ]}
          />
        </Card>
        {user?.has_password && <PasswordCard />}
      </div>
      {session.user_id !== null && mayRead && (
        <WhatIsLeft
          kind="user"
          id={session.user_id}
          description="Of all of your keys and sign-ins together. Keys and groups may have limits of their own."
        />
      )}
      <SessionsCard />
    </Page>
  );
}

function PasswordCard() {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  return (
    <Card title="Password" description="Changing it ends your other sessions.">
      <Form
        submitLabel="Change password"
        onSubmit={() => put<Whoami>("/password", { current_password: current, password })}
        onDone={(renewed) => {
          renewSession(renewed);
          setCurrent("");
          setPassword("");
          toast("Your password is changed.");
          void queryClient.invalidateQueries({ queryKey: ["sessions"] });
        }}
      >
        <TextField
          label="Current password"
          name="current_password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onChange={setCurrent}
        />
        <TextField
          label="New password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          hint="At least 12 characters."
          value={password}
          onChange={setPassword}
        />
      </Form>
    </Card>
  );
}
