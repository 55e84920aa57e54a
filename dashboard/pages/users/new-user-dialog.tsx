// Adds a user, and makes the link with which they set their password.
import { useState } from "react";
import type { z } from "zod";
import type { passwordLinkView } from "../../../src/api/sessions.ts";
import type { UserBody } from "../../../src/api/users.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Dialog } from "../../components/dialog.tsx";
import { messageOf } from "../../components/notice.tsx";
import { ShownOnceDialog } from "../../components/shown-once-dialog.tsx";
import { toast } from "../../components/toasts.tsx";
import { UserForm } from "./user-form.tsx";

type Link = z.output<typeof passwordLinkView>;

export function NewUserDialog({ onClose }: { onClose: () => void }) {
  const [made, setMade] = useState<{ user: UserBody; link: Link | null } | null>(null);
  if (made?.link) return <PasswordLink user={made.user} link={made.link} onClose={onClose} />;
  return (
    <Dialog title="Add a user" onClose={onClose}>
      <UserForm
        user={null}
        submitLabel="Add user"
        onSubmit={async (body) => {
          const user = await post<UserBody>("/users", body);
          return { user, link: user.email === null ? null : await linkOf(user) };
        }}
        onDone={(result) => {
          void queryClient.invalidateQueries({ queryKey: ["users"] });
          if (result.link === null) onClose();
          else setMade(result);
        }}
        onCancel={onClose}
      />
    </Dialog>
  );
}

/** The user is there by now: what goes wrong with the link must not look as if they were not. */
async function linkOf(user: UserBody): Promise<Link | null> {
  try {
    return await post<Link>(`/users/${user.id}/password-link`);
  } catch (error) {
    toast(`${user.name} was added, but has no password link: ${messageOf(error)} Make one on their page.`, { isBad: true });
    return null;
  }
}

/** The link, to be given to the user. */
export function PasswordLink({ user, link, onClose }: { user: UserBody; link: Link; onClose: () => void }) {
  return (
    <ShownOnceDialog
      title={`Password link for ${user.name}`}
      label="link"
      secret={link.link}
      warning="Give it to this user alone: whoever opens it sets the password. It is good once, for an hour."
      onClose={onClose}
    />
  );
}
