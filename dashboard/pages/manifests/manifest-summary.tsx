// How a manifest is, at a glance, and who changes it.
import type { ManifestBody } from "../../../src/api/manifests.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { Notice } from "../../components/notice.tsx";
import { Time } from "../../components/time.tsx";
import { EntryCounts, ManifestAge } from "./manifest-status.tsx";

const origins = {
  admin: "added here",
  config: "the configuration file",
  environment: "METIS_STATUS_URL in the environment",
};

export function ManifestSummary({ manifest }: { manifest: ManifestBody }) {
  const { status, last_error: error, allowed_hosts: hosts, origin } = manifest;
  return (
    <>
      {error !== null && (
        <Notice tone="warn" title={status === "never_loaded" ? "It could not be fetched yet" : "The last fetch failed"}>
          <p>
            {error.stage}: {error.detail} (<Time at={error.at} />)
          </p>
          {status === "stale" && <p>The last good copy is in use. Headgate goes on trying.</p>}
        </Notice>
      )}
      {origin !== "admin" && (
        <Notice tone="info">
          This manifest comes from {origins[origin]}: it is changed and removed there, and Headgate started anew.
        </Notice>
      )}
      <Card>
        <Facts
          facts={[
            ["Status", <StatusBadge key="status" status={status} />],
            [
              "Source",
              <code key="url" className="font-mono text-xs">
                {manifest.url}
              </code>,
            ],
            ["Last fetched", <ManifestAge key="age" manifest={manifest} />],
            ["Fetched every", manifest.interval],
            ["Entries", <EntryCounts key="entries" entries={manifest.entries} />],
            [
              "Allowed hosts",
              hosts.length === 0 ? (
                <span key="hosts" className="text-muted">
                  any
                </span>
              ) : (
                <code key="hosts" className="font-mono text-xs">
                  {hosts.join(", ")}
                </code>
              ),
            ],
            ["Origin", origins[origin]],
          ]}
        />
      </Card>
    </>
  );
}
