// Shown in place of a page that failed, is not there, or is not for who asks.
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { ApiError } from "../api/client.ts";
import { againMs, isPassing } from "../api/query-client.ts";
import { Button, LinkButton } from "../components/button.tsx";
import { EmptyState, messageOf, Notice } from "../components/notice.tsx";
import { Page } from "../components/page.tsx";

export function PageFailed({ error }: { error: unknown }) {
  const router = useRouter();
  useEffect(() => {
    if (!(error instanceof ApiError) || !isPassing(error)) return;
    const timer = setInterval(() => void router.invalidate(), againMs);
    return () => clearInterval(timer);
  }, [error, router]);
  return (
    <Page title="Something went wrong">
      <Notice tone="bad">{messageOf(error)}</Notice>
      <div>
        <Button onClick={() => void router.invalidate()}>Try again</Button>
      </div>
    </Page>
  );
}

export function PageNotFound() {
  return (
    <Page title="Not found">
      <EmptyState title="There is no such page" action={<LinkButton to="/">To the overview</LinkButton>} />
    </Page>
  );
}

export function PageNotAllowed() {
  return (
    <Page title="Not for your role">
      <EmptyState title="Your role does not show this page" action={<LinkButton to="/">To the overview</LinkButton>}>
        An administrator can change your role on the page Users.
      </EmptyState>
    </Page>
  );
}
