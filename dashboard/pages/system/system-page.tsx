// The state of this installation: what works, what does not, and what is odd about its configuration.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { SystemView } from "../../../src/api/system.ts";
import { itemQuery } from "../../api/queries.ts";
import { apiPath } from "../../base-path.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { Card, Facts, Figure } from "../../components/card.tsx";
import { ErrorState, Notice, Skeleton } from "../../components/notice.tsx";
import { Page } from "../../components/page.tsx";
import { Time } from "../../components/time.tsx";
import { bytes, count, counted, duration } from "../../format/figures.ts";
import { BackupCard } from "./backup-card.tsx";
import { ProcessesCard } from "./processes-card.tsx";
import { RedisCard } from "./redis-card.tsx";
import { ReplicasCard } from "./replicas-card.tsx";

export function SystemPage() {
  const query = useQuery({ ...itemQuery<SystemView>("system", "/system"), refetchInterval: 10_000 });
  return (
    <Page title="System" description="How this installation is, and what is odd about its configuration.">
      {query.isPending && <Skeleton lines={8} />}
      {query.isError && query.data === undefined && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.data && <System system={query.data} />}
    </Page>
  );
}

function System({ system }: { system: SystemView }) {
  const { snapshot, spool, database, prices } = system;
  return (
    <>
      {system.reasons.map(({ part, since, detail }) => (
        <Notice key={part} tone="bad" title={`Degraded: ${part}`}>
          {detail} Since <Time at={since} />.
        </Notice>
      ))}
      {system.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}
      <div className="grid grid-cols-1 gap-3 sm:grid-cols-2 lg:grid-cols-4">
        <Figure
          label="Status"
          value={<StatusBadge status={system.status} />}
          detail={`up ${duration(system.uptime_seconds * 1000)}`}
        />
        <Figure
          label="Database"
          value={<StatusBadge status={database.state} />}
          detail={database.engine === "sqlite" ? "SQLite" : "PostgreSQL"}
        />
        <Figure
          label="Accounting"
          value={<StatusBadge status={spool.accepting ? "ok" : "unavailable"} />}
          detail={`${bytes(spool.backlog_bytes)} not in the database yet`}
        />
        <Figure
          label="Configuration in use"
          value={snapshot === null ? "none" : duration(snapshot.age_seconds * 1000)}
          detail={snapshot === null ? "nothing published yet" : `old, version ${snapshot.version}`}
        />
      </div>
      {spool.failure !== null && (
        <Notice tone="bad" title="Records of requests can't be written">
          {spool.failure}
        </Notice>
      )}
      <ProcessesCard processes={system.processes} current={snapshot?.version ?? null} />
      <ReplicasCard replicas={system.replicas} current={snapshot?.version ?? null} />
      <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
        <Card title="Program">
          <Facts
            facts={[
              ["Headgate", system.version],
              ["Node.js", system.node],
              ["Started", <Time key="started" at={system.started_at} />],
              [
                "Prices",
                <span key="prices">
                  catalogue {prices.version}, of {prices.date.slice(0, 10)};{" "}
                  <Link to="/prices" search={{ status: "unpriced" } as never} className="text-accent-strong underline">
                    {counted(prices.unpriced_models, "model")} without a price
                  </Link>
                </span>,
              ],
              ["Attempts not recorded", count(spool.unrecorded_attempts)],
              [
                "Admin API",
                <a key="api" className="text-accent-strong underline" href={`${apiPath}/docs`}>
                  Reference
                </a>,
              ],
            ]}
          />
        </Card>
        <Card title="Configuration in use" description="What calls are answered from, also while the database is away.">
          {snapshot === null ? (
            <p className="text-muted">None has been published yet.</p>
          ) : (
            <Facts
              facts={[
                ["Built", <Time key="built" at={snapshot.built_at} />],
                ["Endpoints", count(snapshot.endpoints)],
                ["Models", count(snapshot.models)],
                ["Keys", count(snapshot.keys)],
                ["Users", count(snapshot.users)],
                ["Groups", count(snapshot.groups)],
              ]}
            />
          )}
        </Card>
        <RedisCard redis={system.redis} allowances={system.allowances} />
        <BackupCard backup={system.backup} />
        <Card title="Manifests">
          {system.manifests.length === 0 ? (
            <p className="text-muted">None.</p>
          ) : (
            <ul className="flex flex-col gap-2">
              {system.manifests.map(({ name, status, age_seconds: age }) => (
                <li key={name} className="flex flex-wrap items-center justify-between gap-2">
                  <Link to="/manifests" search={{ search: name } as never} className="text-accent-strong hover:underline">
                    {name}
                  </Link>
                  <span className="flex items-center gap-2 text-sm text-muted">
                    {age !== null && `${duration(age * 1000)} old`}
                    <StatusBadge status={status} />
                  </span>
                </li>
              ))}
            </ul>
          )}
        </Card>
      </div>
    </>
  );
}
