// Exports in a whole Headgate: made while calls go on, told of to open pages, there after a restart; what ran then has failed.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exportRow } from "../../src/storage/exports.contract.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import { type Provider, startProvider } from "../support/provider.ts";

let dataDir: string;
let headgate: Headgate;
let provider: Provider;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "headgate-exports-"));
  provider = await startProvider({ models: ["m"] });
  headgate = await startHeadgate({ dataDir });
});
afterEach(async () => {
  await headgate.stop();
  await provider.close();
  await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
});

const view = (id: string) => headgate.admin("GET", `/exports/${id}`);

test("a call is in the file, which a restart leaves as it is; one that ran has failed, one that waited is made", async () => {
  await headgate.addEndpoint({ name: "one", url: `${provider.url}/v1` });
  const key = await headgate.createKey();
  const call = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] }),
  });
  await call.text();
  const requestId = call.headers.get("x-request-id") as string;
  await headgate.eventually(async () => (await headgate.admin("GET", `/requests/${requestId}`)).body.state === "settled");

  const events = await fetch(`${headgate.url}/admin/api/v1/events?topics=exports`, {
    headers: { authorization: `Bearer ${headgate.adminToken}` },
  });
  const { id } = (await headgate.admin("POST", "/exports", { kind: "requests", format: "json" })).body;
  await headgate.eventually(async () => (await view(id)).body.status === "done");
  const reader = (events.body as ReadableStream<Uint8Array>).getReader();
  let told = "";
  while (!told.includes('"exports"')) told += Buffer.from((await reader.read()).value as Uint8Array).toString();
  await reader.cancel();
  await headgate.stop();

  const storage = await openStorage({ databaseUrl: null, dataDir });
  const [running, waiting] = [exportRow({ status: "running" }), exportRow({ query: '{"to":"2100-01-01T00:00:00Z"}' })];
  for (const row of [running, waiting]) {
    await storage.exports.insert(row);
    await writeFile(join(dataDir, "exports", row.id), "", { mode: 0o600 });
  }
  await storage.close();
  headgate = await startHeadgate({ dataDir });

  expect((await headgate.admin("GET", `/exports/${id}/file`)).body).toMatchObject([{ id: requestId, model: "m" }]);
  expect((await view(running.id)).body).toMatchObject({ status: "failed", error: expect.stringContaining("restart") });
  await headgate.eventually(async () => (await view(waiting.id)).body.status === "done");
  expect((await view(waiting.id)).body.rows).toBe(1);
});
