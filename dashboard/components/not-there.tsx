// In place of one resource that could not be loaded: it is not there, or something failed.
import { ApiError } from "../api/client.ts";
import { LinkButton } from "./button.tsx";
import { EmptyState, ErrorState } from "./notice.tsx";

export interface NotThereProps {
  error: unknown;
  onRetry: () => void;
  /** What one of them is called: "key". */
  what: string;
  /** The page that lists them. */
  list: "/keys" | "/users" | "/groups" | "/endpoints" | "/models" | "/manifests" | "/requests";
  /** Why it may not be there. */
  children?: string;
}

export function NotThere({ error, onRetry, what, list, children }: NotThereProps) {
  if (!isGone(error)) return <ErrorState error={error} onRetry={onRetry} />;
  return (
    <EmptyState title={`There is no such ${what}`} action={<LinkButton to={list}>To the {what}s</LinkButton>}>
      {children ?? "It may have been deleted, or is not yours to see."}
    </EmptyState>
  );
}

/** Also of something that was there a moment ago. */
export function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}
