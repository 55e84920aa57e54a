// The set-up link: makes the first administrator.
import { useState } from "react";
import { post } from "../../api/client.ts";
import { Form, TextField } from "../../components/form.tsx";
import { Notice } from "../../components/notice.tsx";
import type { Whoami } from "../../session/session.ts";
import { Entrance } from "./entrance.tsx";
import { useLinkSecret } from "./link-secret.ts";
import { useEnter } from "./sign-in-page.tsx";

export function SetupPage() {
  const secret = useLinkSecret();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const enter = useEnter();
  return (
    <Entrance title="Set up Headgate" description="You become the first administrator. This link is good once.">
      {secret === "" ? (
        <Notice tone="warn" title="The link is not whole">
          Copy all of it from what Headgate has printed at its start, with everything after the “#”.
        </Notice>
      ) : (
        <Form
          submitLabel="Create the administrator"
          onSubmit={() => post<Whoami>("/setup", { secret, name, email, password })}
          onDone={enter}
        >
          <TextField label="Name" name="name" autoComplete="name" required value={name} onChange={setName} />
          <TextField
            label="E-mail address"
            name="email"
            type="email"
            autoComplete="username"
            required
            value={email}
            onChange={setEmail}
          />
          <TextField
            label="Password"
            name="password"
            type="password"
            autoComplete="new-password"
            required
            hint="At least 12 characters."
            value={password}
            onChange={setPassword}
          />
        </Form>
      )}
    </Entrance>
  );
}
