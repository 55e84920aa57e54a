// Redis, which several Headgates share their allowances through, and who decides about allowances.
import type { SystemView } from "../../../src/api/system.ts";
import { Badge } from "../../components/badge.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { Time } from "../../components/time.tsx";
import { duration } from "../../format/figures.ts";

export function RedisCard({ redis, allowances }: { redis: SystemView["redis"]; allowances: SystemView["allowances"] }) {
  return (
    <Card title="Limits and budgets" description="Who counts them, so that they hold on all replicas together.">
      <Facts
        facts={[
          [
            "Counted in",
            allowances.authority === "redis" ? "Redis, by all replicas together" : "this process's memory: for one replica alone",
          ],
          ...(allowances.degraded_since === null
            ? []
            : ([
                [
                  "Degraded",
                  <span key="degraded" className="text-warn">
                    since <Time at={allowances.degraded_since} />: each replica goes on with its last share
                  </span>,
                ],
              ] as const)),
          [
            "Redis",
            redis === null ? (
              <span key="redis" className="text-muted">
                none configured
              </span>
            ) : (
              <span key="redis" className="flex flex-wrap items-center gap-2">
                <Badge tone={redis.status === "ok" ? "good" : "bad"}>{redis.status}</Badge>
                {redis.since !== null && (
                  <span className="text-muted">
                    since <Time at={redis.since} />
                  </span>
                )}
              </span>
            ),
          ],
          ...(redis === null
            ? []
            : ([
                ["Latency", duration(redis.latency_ms)],
                ...(redis.detail === null ? [] : ([["Detail", redis.detail]] as const)),
              ] as const)),
        ]}
      />
    </Card>
  );
}
