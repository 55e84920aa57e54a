// Control that is started while the database is away knows only the stored snapshot: workers that know better stay with what they have.
import { copyFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startPostgres } from "../../../scripts/services/postgres.mjs";
import { eventually } from "../../support/eventually.ts";
import { createHome, startHeadgateProcess } from "../../support/headgate-process.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { startProvider } from "../../support/provider.ts";
import { rawRequest } from "../../support/raw-http.ts";

test("a stored snapshot that is older than what workers have takes nothing away from them", { timeout: 120_000 }, async () => {
  const server = await startPostgres();
  onTestFinished(() => server.destroy());
  const provider = await startProvider({ models: ["m"] });
  onTestFinished(() => provider.close());
  const home = await createHome();
  onTestFinished(() => home.remove());
  const headgate = await startHeadgateProcess({
    home,
    config: { endpoints: [{ name: "e", url: `${provider.url}/v1`, sync_interval: 0 }] },
    env: { HEADGATE_WORKERS: "2", HEADGATE_DATABASE_URL: server.url },
  });
  onTestFinished(async () => void (await headgate.kill()));
  const createKey = async () => (await headgate.admin("POST", "/keys", { name: "caller" })).body.key as string;
  const chat = (key: string) => {
    const headers = { authorization: `Bearer ${key}` };
    return rawRequest(headgate.url, {
      method: "POST",
      target: "/v1/chat/completions",
      headers,
      body: { model: "m", messages: [] },
    });
  };
  await createKey();
  const stored = join(home.dataDir, "snapshot.enc");
  await eventually(() =>
    copyFile(stored, `${stored}.old`).then(
      () => true,
      () => false,
    ),
  );
  const key = await createKey();
  expect((await chat(key)).status).toBe(200);

  // Undefined while the worker that is asked has no control yet.
  const processes = async () => (await headgate.admin("GET", "/system")).body.processes as LooseJson[] | undefined;
  const before = (await processes())?.[0].pid as number;
  await server.stop("immediate");
  await rename(`${stored}.old`, stored);
  process.kill(before, "SIGKILL");
  await eventually(
    async () => {
      const parts = (await headgate.readiness()).body.reasons?.map(({ part }: { part: string }) => part) ?? [];
      return parts.includes("database") && !parts.includes("control") && ((await processes())?.[0].pid ?? before) !== before;
    },
    { timeoutMs: 60_000, everyMs: 200 },
  );
  const [control, ...workers] = await eventually(async () => {
    const found = await processes();
    return found?.length === 3 && found.every(({ config_version: version }) => Number.isInteger(version)) && found;
  });
  for (const worker of workers) expect(worker.config_version).toBeGreaterThan(control.config_version);
  for (let call = 0; call < 10; call++) expect((await chat(key)).status).toBe(200);
  await server.start();
  await eventually(async () => (await headgate.readiness()).body.status === "ready", { timeoutMs: 30_000 });
  for (let call = 0; call < 10; call++) expect((await chat(key)).status).toBe(200);
});
