// A refused change, with all names that stand against it.
import { ApiError } from "../../api/client.ts";
import { messageOf, Notice } from "../../components/notice.tsx";

interface Conflict {
  model: string;
  alias: string;
  reason: string;
}

const shownMax = 20;

export function ConflictNotice({ error }: { error: unknown }) {
  const conflicts = (error instanceof ApiError ? error.conflicts : []) as readonly Conflict[];
  if (conflicts.length === 0) return <Notice tone="bad">{messageOf(error)}</Notice>;
  return (
    <Notice tone="bad" title="Some names are taken: give these models other names">
      <ul className="mt-1 list-disc pl-4">
        {conflicts.slice(0, shownMax).map(({ model, reason }) => (
          <li key={model}>
            <code className="font-mono">{model}</code>: {reason}
          </li>
        ))}
      </ul>
      {conflicts.length > shownMax && <p>and {conflicts.length - shownMax} more</p>}
    </Notice>
  );
}
