// The last run of `headgate backup`.
import type { SystemView } from "../../../src/api/system.ts";
import { StatusBadge } from "../../components/badge.tsx";
import { Card, Facts } from "../../components/card.tsx";
import { CopyLine } from "../../components/copyable.tsx";
import { Time } from "../../components/time.tsx";
import { bytes } from "../../format/figures.ts";

export function BackupCard({ backup }: { backup: SystemView["backup"] }) {
  return (
    <Card title="Backup" description="Made by the command below, e.g. once a night.">
      <div className="flex flex-col gap-4">
        {backup === null ? (
          <p className="text-muted">There has never been one of this database.</p>
        ) : (
          <Facts
            facts={[
              ["Last run", <Time key="at" at={backup.last_at} />],
              ["Outcome", <StatusBadge key="ok" status={backup.ok ? "ok" : "failed"} />],
              ...(backup.error === null ? [] : ([["Error", backup.error]] as const)),
              ...(backup.file === null
                ? []
                : ([
                    [
                      "File",
                      <code key="file" className="font-mono text-xs break-all">
                        {backup.file}
                      </code>,
                    ],
                  ] as const)),
              ...(backup.bytes === null ? [] : ([["Size", bytes(backup.bytes)]] as const)),
            ]}
          />
        )}
        <CopyLine text="headgate backup" label="command" />
      </div>
    </Card>
  );
}
