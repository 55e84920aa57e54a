// Signing in: password, identity providers, or the proxy in front.
import { useQuery } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { z } from "zod";
import type { SignInFailure, signInView } from "../../../src/api/sessions.ts";
import { get, post, urlOf } from "../../api/client.ts";
import { dashboardPath } from "../../base-path.ts";
import { Form, TextField } from "../../components/form.tsx";
import { ErrorState, Notice, Skeleton } from "../../components/notice.tsx";
import { signedInAs, type Whoami } from "../../session/session.ts";
import { Entrance } from "./entrance.tsx";

/** What a way back from an identity provider can say. */
const failures: Readonly<Record<SignInFailure, string>> = {
  sign_in_cancelled: "The identity provider did not let you in, or you have cancelled.",
  sign_in_expired: "That took too long, or was begun in another browser. Please begin again.",
  sign_in_failed: "Signing in with the identity provider failed. Try again, or ask an administrator to look into the log.",
  account_disabled: "Your account here is disabled. Ask an administrator.",
  provider_unavailable: "The identity provider does not answer at the moment. Try again soon.",
  too_many_sign_ins: "Too many sign-ins from your network have failed. Try again in a quarter of an hour.",
};

export function SignInPage() {
  const { error, return_to: returnTo } = useSearch({ strict: false }) as { error?: string; return_to?: string };
  const ways = useQuery({
    queryKey: ["sign-in"],
    queryFn: ({ signal }) => get<z.output<typeof signInView>>("/sign-in", {}, signal),
  });
  return (
    <Entrance title="Sign in">
      {error !== undefined && (
        <div className="mb-4">
          <Notice tone="bad">
            {Object.hasOwn(failures, error) ? failures[error as SignInFailure] : failures.sign_in_failed}
          </Notice>
        </div>
      )}
      {ways.isPending && <Skeleton lines={3} />}
      {ways.isError && <ErrorState error={ways.error} onRetry={() => void ways.refetch()} />}
      {ways.data && <Ways ways={ways.data} returnTo={ownPath(returnTo)} />}
    </Entrance>
  );
}

/** Only a page of this dashboard: a link from elsewhere must not lead away after the sign-in. */
function ownPath(path: string | undefined): string {
  if (path === undefined || !path.startsWith("/")) return "/";
  const url = new URL(dashboardPath + path, window.location.origin);
  const isOwn = url.origin === window.location.origin && url.pathname.startsWith(`${dashboardPath}/`);
  return isOwn ? url.pathname.slice(dashboardPath.length) + url.search : "/";
}

function Ways({ ways, returnTo }: { ways: z.output<typeof signInView>; returnTo: string }) {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const enter = useEnter(returnTo);
  return (
    <div className="flex flex-col gap-4">
      {ways.setup_required && (
        <Notice title="Nobody is administrator yet">
          Open the set-up link that Headgate has printed at its start. <code>headgate admin reset-password</code> makes a new
          link.
        </Notice>
      )}
      {ways.proxy && (
        <Form
          submitLabel="Continue as whom the proxy says"
          onSubmit={() => post<Whoami>("/sessions", { proxy: true })}
          onDone={enter}
        >
          {null}
        </Form>
      )}
      {ways.oidc.map(({ id, name }) => (
        <a
          key={id}
          href={urlOf(`/sign-in/oidc/${encodeURIComponent(id)}`, { return_to: dashboardPath + returnTo })}
          className="flex min-h-10 items-center justify-center rounded-md border border-line-strong/60 px-3 py-2 font-medium hover:bg-raised"
        >
          Sign in with {name}
        </a>
      ))}
      {ways.password && (
        <Form submitLabel="Sign in" onSubmit={() => post<Whoami>("/sessions", { email, password })} onDone={enter}>
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
            autoComplete="current-password"
            required
            value={password}
            onChange={setPassword}
          />
        </Form>
      )}
    </div>
  );
}

/** Takes the session over and goes to the page that was wanted. */
export function useEnter(path = "/"): (whoami: Whoami) => void {
  const router = useRouter();
  return (whoami) => {
    signedInAs(whoami);
    // In the place of the sign-in, to which nobody wants "Back".
    router.history.replace(dashboardPath + path);
  };
}
