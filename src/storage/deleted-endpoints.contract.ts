// What the repository of deleted endpoints does, for every engine.
import { describe, expect, test } from "vitest";
import { newId } from "../core/ids.ts";
import type { DeletedEndpointRow } from "./ports/endpoints.ts";
import { deploymentRow, endpointRow, modelRow, syncRunRow } from "./rows.contract.ts";
import type { ContractDatabase } from "./storage.contract.ts";

const now = 1_800_000_000_000;

function deletedRow(changes: Partial<DeletedEndpointRow> = {}): DeletedEndpointRow {
  const endpoint_id = newId("ep");
  const times = { deleted_at: now, expires_at: now + 1000 };
  return { endpoint_id, name: `endpoint ${endpoint_id}`, deployments: 2, content: "{}", ...times, ...changes };
}

export function deletedEndpointsContract(database: ContractDatabase): void {
  describe("deleted endpoints", () => {
    test("are listed newest first, without what they hold and without those that have expired", async () => {
      const { deletedEndpoints } = database.storage;
      const older = deletedRow({ name: "same name" });
      const newer = deletedRow({ name: "same name", deleted_at: now + 1, deployments: 0 });
      const expired = deletedRow({ expires_at: now });
      for (const row of [older, newer, expired]) await deletedEndpoints.keep(row, 100);
      const listed = (await deletedEndpoints.current(now)).filter(({ endpoint_id }) =>
        [older, newer, expired].some((row) => row.endpoint_id === endpoint_id),
      );
      expect(listed).toEqual([newer, older].map(({ content: _, ...row }) => row));
      const ids = [older, newer, expired].map(({ endpoint_id }) => endpoint_id);
      expect(await deletedEndpoints.ids()).toEqual(expect.arrayContaining(ids));
    });

    test("are taken once, and not when their time is over; then they go", async () => {
      const { deletedEndpoints } = database.storage;
      const row = deletedRow({ content: JSON.stringify({ text: "ü'\"\\ \n" }) });
      await deletedEndpoints.keep(row, 100);
      expect(await deletedEndpoints.take(row.endpoint_id, row.expires_at)).toBeNull();
      expect(await deletedEndpoints.get(row.endpoint_id)).toEqual(row);
      await deletedEndpoints.replaceContent(row.endpoint_id, '{"other":1}');
      const both = await Promise.all([1, 2].map(() => deletedEndpoints.take(row.endpoint_id, row.expires_at - 1)));
      expect(both.filter((taken) => taken !== null)).toEqual([{ ...row, content: '{"other":1}' }]);
      expect(await deletedEndpoints.get(row.endpoint_id)).toBeNull();

      const expired = deletedRow({ expires_at: now - 100 });
      const good = deletedRow({ expires_at: now - 99 });
      await deletedEndpoints.keep(expired, 100);
      await deletedEndpoints.keep(good, 100);
      expect(await deletedEndpoints.deleteExpired(now - 100)).toBe(1);
      expect([await deletedEndpoints.get(expired.endpoint_id), await deletedEndpoints.get(good.endpoint_id)]).toEqual([
        null,
        good,
      ]);
    });

    test("no more are kept than said: the oldest go first", async () => {
      const { deletedEndpoints } = database.storage;
      const rows = [3, 1, 4, 2].map((later) => deletedRow({ deleted_at: now + 1_000_000 + later }));
      for (const row of rows) await deletedEndpoints.keep(row, 2);
      expect(await deletedEndpoints.ids()).toEqual([rows[0], rows[2]].map((row) => row?.endpoint_id).toSorted());
    });

    test("a model's targets on an endpoint are those that go with it", async () => {
      const { endpoints, models, deployments, modelTargets, syncRuns } = database.storage;
      const [mine, other] = [endpointRow(), endpointRow()];
      const [first, second] = [modelRow({ kind: "virtual" }), modelRow({ kind: "virtual" })];
      for (const endpoint of [mine, other]) await endpoints.insert(endpoint);
      for (const model of [first, second]) await models.insert(model);
      const kept = deploymentRow({ endpoint_id: mine.id });
      const foreign = deploymentRow({ endpoint_id: other.id });
      for (const deployment of [kept, foreign]) await deployments.insert(deployment);
      await syncRuns.insert(syncRunRow({ endpoint_id: mine.id }));
      const target = (deployment_id: string, weight: number) => ({ deployment_id, weight, priority: null });
      await modelTargets.replace(first.id, [target(foreign.id, 1), target(kept.id, 2)]);
      await modelTargets.replace(second.id, [target(kept.id, 3)]);
      const ofMine = await modelTargets.ofEndpoint(mine.id);
      expect(ofMine.map(({ model_id, weight, position }) => [model_id, weight, position])).toEqual(
        [
          [first.id, 2, 1],
          [second.id, 3, 0],
        ].toSorted(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
      );
      await endpoints.delete(mine.id);
      expect(await modelTargets.ofEndpoint(mine.id)).toEqual([]);
      expect((await modelTargets.ofModels([first.id])).map(({ deployment_id }) => deployment_id)).toEqual([foreign.id]);
    });
  });
}
