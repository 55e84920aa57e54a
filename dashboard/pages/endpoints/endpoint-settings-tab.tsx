// The settings of an endpoint: a form for those who may change it, else what is set.
import type { EndpointBody } from "../../../src/api/endpoints.ts";
import { Card, Facts } from "../../components/card.tsx";
import { Edited } from "../../components/edited.tsx";
import { Time } from "../../components/time.tsx";
import { EndpointForm } from "./endpoint-form.tsx";

export function EndpointSettingsTab({ endpoint, isManaged }: { endpoint: EndpointBody; isManaged: boolean }) {
  return (
    <Card title="Settings">
      {isManaged ? (
        <Edited resource={endpoint}>{(edited, load) => <EndpointForm endpoint={edited} onSaved={load} />}</Edited>
      ) : (
        <EndpointFacts endpoint={endpoint} />
      )}
    </Card>
  );
}

function EndpointFacts({ endpoint }: { endpoint: EndpointBody }) {
  const { timeouts, probe, headers, query } = endpoint;
  const told = Object.entries(timeouts).map(([name, value]) => `${name.replace("_", " ")} ${value}`);
  const lines = (pairs: Record<string, string>, separator: string) =>
    Object.entries(pairs).map(([name, value]) => (
      <code key={name} className="block font-mono text-xs">
        {name}
        {separator}
        {value}
      </code>
    ));
  const none = <span className="text-muted">none</span>;
  return (
    <Facts
      facts={[
        [
          "URL",
          <code key="url" className="font-mono text-xs">
            {endpoint.url}
          </code>,
        ],
        ["API key", endpoint.has_api_key ? "a key is stored" : none],
        ["Dialect", endpoint.dialect],
        ["Header of the key", endpoint.auth_header_name ?? <span className="text-muted">as the dialect has it</span>],
        ["Headers", Object.keys(headers).length === 0 ? none : lines(headers, ": ")],
        ["Query parameters", Object.keys(query).length === 0 ? none : lines(query, "=")],
        ["Synchronize every", endpoint.sync_interval === "0s" ? "only on demand" : endpoint.sync_interval],
        ["Weight", endpoint.weight],
        ["Probe", probe === null ? none : `${probe.kind}, every ${probe.interval}, at most ${probe.timeout}`],
        [
          "Timeouts",
          told.length === 0 ? (
            <span key="timeouts" className="text-muted">
              default
            </span>
          ) : (
            told.join(", ")
          ),
        ],
        ["Created", <Time key="created" at={endpoint.created_at} />],
        ["Changed", <Time key="changed" at={endpoint.updated_at} />],
      ]}
    />
  );
}
