// The end of the guided add: what the first synchronization found, and where to go from here.
import { LinkButton } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { Notice } from "../../components/notice.tsx";
import { counted } from "../../format/figures.ts";
import { useCan } from "../../session/session.ts";
import type { Created } from "./create-endpoint.ts";
import { runText } from "./run-text.ts";
import { SyncOutcomes } from "./sync-outcomes.tsx";

export function CreatedStep({ created }: { created: Created }) {
  const { endpoint, run, typed, refused } = created;
  const canPlay = useCan("playground");
  const canMakeKeys = useCan("keys.write");
  const said = run && runText(run);
  const active = endpoint.model_counts.active;
  const first = run?.models.find(({ outcome }) => outcome === "added")?.id;
  const model = first === undefined ? typed[0] : (endpoint.aliases[first] ?? first);
  return (
    <Card title={`Endpoint “${endpoint.name}” was added`}>
      <div className="flex flex-col gap-4">
        <p role="status">
          {active === 0 ? "It serves no model yet." : `It serves ${counted(active, "model")}.`}
          {run !== null && run.status !== "ok" && " Headgate tries again with the next synchronization."}
        </p>
        {said && (
          <Notice tone="warn" title="The first synchronization found no models">
            {said}
          </Notice>
        )}
        {typed.length > 0 && <p>Added by hand: {typed.join(", ")}.</p>}
        {refused.length > 0 && (
          <Notice tone="bad" title="Some typed models could not be added">
            <ul>
              {refused.map(({ model: id, reason }) => (
                <li key={id}>
                  <code className="font-mono">{id}</code>: {reason}
                </li>
              ))}
            </ul>
          </Notice>
        )}
        {run !== null && run.models.length > 0 && <SyncOutcomes run={run} />}
        <div className="flex flex-wrap gap-2">
          {canPlay && model !== undefined && (
            <LinkButton look="primary" to="/playground" search={{ model } as never}>
              Try in playground
            </LinkButton>
          )}
          {canMakeKeys && <LinkButton to="/keys">Create key</LinkButton>}
          <LinkButton to="/endpoints/$id" params={{ id: endpoint.id } as never}>
            Open endpoint
          </LinkButton>
        </div>
      </div>
    </Card>
  );
}
