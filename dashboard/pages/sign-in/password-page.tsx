// A password link: sets a new password.
import { useState } from "react";
import { post } from "../../api/client.ts";
import { LinkButton } from "../../components/button.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { Notice } from "../../components/notice.tsx";
import { Entrance } from "./entrance.tsx";
import { useLinkSecret } from "./link-secret.ts";

export function PasswordPage() {
  const secret = useLinkSecret();
  const [password, setPassword] = useState("");
  const [isDone, setDone] = useState(false);
  if (isDone) {
    return (
      <Entrance title="Your password is set">
        <p className="mb-4 text-sm text-muted">All sessions that were open have ended.</p>
        <LinkButton to="/sign-in" look="primary">
          Sign in
        </LinkButton>
      </Entrance>
    );
  }
  return (
    <Entrance title="Set a new password" description="This link is good once.">
      {secret === "" ? (
        <Notice tone="warn" title="The link is not whole">
          Copy all of it, with everything after the “#”.
        </Notice>
      ) : (
        <Form
          submitLabel="Set the password"
          onSubmit={() => post("/password", { secret, password })}
          onDone={() => setDone(true)}
        >
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
      )}
    </Entrance>
  );
}
