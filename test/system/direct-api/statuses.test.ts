// What an entry's status means for calls of its models: live, in maintenance, offline, unknown; and models that nobody has.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { eventually } from "../../support/eventually.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { manifestEntry } from "../../support/manifest-server.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { rawConnect, rawRequestBytes } from "../../support/raw-http.ts";
import { chatPath, startDirectGateway, userToken } from "./direct-gateway.ts";

let provider: Provider;
beforeEach(async () => {
  provider = await startProvider();
});
afterEach(() => provider.close());

const entry = (status: string, experts: string[], fields: object = {}) =>
  manifestEntry({ status, experts, url: provider.url, ...fields });

test("case 6: a model of no entry gets 404 in OpenAI's envelope, which names no other model", async () => {
  const { chat } = await startDirectGateway({ manifest: { one: entry("Live", ["gpt-4"]) } });
  for (const model of ["gpt-5", "GPT-4", "OpenAI GPT-4", "one", "openai-production"]) {
    const answer = await chat(model);
    expect(answer.status).toBe(404);
    expect(answer.json).toEqual({
      error: { message: expect.any(String), type: "invalid_request_error", param: "model", code: "model_not_found" },
    });
    expect(answer.text.replace("OpenAI GPT-4", "")).not.toMatch(/gpt-4/i);
  }
  expect(provider.calls).toEqual([]);
});

test("case 7: Maintenance says so, with retry-after; Offline says something else", async () => {
  const manifest = {
    resting: entry("Maintenance", ["in-maintenance"]),
    gone: entry("Offline", ["offline"]),
    both: entry("Maintenance", ["live-elsewhere"]),
    live: entry("Live", ["live-elsewhere"]),
  };
  const { chat, get } = await startDirectGateway({ manifest });
  const resting = await chat("in-maintenance");
  expect([resting.status, resting.json.error.code]).toEqual([503, "model_maintenance"]);
  expect(resting.json.error.message).toMatch(/maintenance/);
  const gone = await chat("offline");
  expect([gone.status, gone.json.error.code]).toEqual([503, "model_offline"]);
  expect(gone.text).not.toMatch(/maintenance/);
  for (const { headers } of [resting, gone]) expect(Number(headers["retry-after"])).toBeGreaterThan(0);
  expect((await chat("live-elsewhere")).status).toBe(200);

  const { queued, running } = (await get("/resource_server/metis/jobs")).json;
  expect(running.map((job: LooseJson) => [job.Models, job["Model Status"]])).toEqual([["live-elsewhere", "running"]]);
  expect(queued.map((job: LooseJson) => [job.Models, job["Model Status"]]).sort()).toEqual([
    ["in-maintenance", "maintenance"],
    ["live-elsewhere", "maintenance"],
    ["offline", "offline"],
  ]);
  const listed = (await get("/resource_server/metis/api/v1/models")).json.data;
  expect(listed.map(({ id }: LooseJson) => id)).toEqual(["live-elsewhere"]);
});

describe("case 8: the status in any case", () => {
  test.each(["live", "LIVE", "Live", " live "])("%j is Live", async (status) => {
    const { chat } = await startDirectGateway({ manifest: { one: entry(status, ["gpt-4"]) } });
    expect((await chat("gpt-4")).status).toBe(200);
  });

  test("MAINTENANCE and oFFline, too", async () => {
    const manifest = { one: entry("MAINTENANCE", ["resting"]), two: entry("oFFline", ["gone"]) };
    const { chat } = await startDirectGateway({ manifest });
    expect((await chat("resting")).json.error.code).toBe("model_maintenance");
    expect((await chat("gone")).json.error.code).toBe("model_offline");
  });

  test("anything else is offline, and never silently: the admin API and the log say why", async () => {
    const { chat, headgate } = await startDirectGateway({ manifest: { one: entry("Stopped", ["gpt-4"]) } });
    expect((await chat("gpt-4")).json.error.code).toBe("model_offline");
    const [shown] = (await headgate.admin("GET", "/manifests")).body.data[0].entries;
    expect(shown.error).toContain('"Stopped"');
    await eventually(() => /"level":"warn"[^\n]*Stopped/.test(headgate.logText()));
  });
});

test("case 19: Live → Maintenance, and back, takes effect within the interval, without a restart", async () => {
  const interval = { HEADGATE_MANIFEST_INTERVAL: "1s" };
  const { chat, manifest } = await startDirectGateway({ manifest: { one: entry("Live", ["gpt-4"]) }, env: interval });
  expect((await chat("gpt-4")).status).toBe(200);
  for (const [status, expected] of [
    ["Maintenance", 503],
    ["Live", 200],
    ["Offline", 503],
  ] as const) {
    manifest.serve({ one: entry(status, ["gpt-4"]) });
    // one second and its jitter; the rest is for a machine that is busy
    await eventually(async () => (await chat("gpt-4")).status === expected, { what: `${status} at ${chatPath}` });
  }
});

test("case 19: the same when METIS_STATUS_URL is the path of a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "headgate-manifest-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "status.json");
  await writeFile(path, JSON.stringify({ one: entry("Live", ["gpt-4"]) }));
  const env = { METIS_STATUS_URL: path, HEADGATE_MANIFEST_INTERVAL: "1s" };
  const { chat } = await startDirectGateway({ manifest: {}, env });
  expect((await chat("gpt-4")).status).toBe(200);
  await writeFile(path, JSON.stringify({ one: entry("Maintenance", ["gpt-4"]) }));
  await eventually(async () => (await chat("gpt-4")).json.error?.code === "model_maintenance");
  await writeFile(path, JSON.stringify({ one: entry("Live", ["gpt-4"]) }));
  await eventually(async () => (await chat("gpt-4")).status === 200);
});

test("a stream under way when its entry goes to Maintenance, or leaves the manifest, comes to its end", async () => {
  for (const next of [{ one: entry("Maintenance", ["gpt-4"]) }, {}]) {
    const { headgate, serve, chat } = await startDirectGateway({ manifest: { one: entry("Live", ["gpt-4"]) } });
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = 'data: {"id":"c","object":"chat.completion.chunk","choices":[]}\n\n';
    const stop = provider.on("/v1/chat/completions", () => [
      { head: { status: 200, headers: { "content-type": "text/event-stream" }, framing: "chunked", lengthBytes: 0 } },
      { write: Buffer.from(first) },
      { until: released },
      { write: Buffer.from("data: [DONE]\n\n") },
      { end: true },
    ]);
    const connection = await rawConnect(headgate.url);
    const headers = { authorization: `Bearer ${userToken}` };
    const body = { model: "gpt-4", stream: true, messages: [] };
    connection.send(rawRequestBytes(headgate.url, { method: "POST", target: chatPath, headers, body }));
    const answer = await connection.response();
    await answer.untilBody(first);
    await serve(next);
    expect((await chat("gpt-4")).status).toBeGreaterThanOrEqual(404);
    release();
    await answer.done();
    expect([answer.ended, answer.text]).toEqual(["complete", `${first}data: [DONE]\n\n`]);
    connection.socket.destroy();
    stop();
  }
});

test("polls are conditional: what has not changed is not sent again", async () => {
  const interval = { HEADGATE_MANIFEST_INTERVAL: "1s" };
  const { manifest, headgate } = await startDirectGateway({ manifest: { one: entry("Live", ["gpt-4"]) }, env: interval });
  await eventually(() => manifest.requests.length >= 3);
  expect(manifest.requests[0]?.["if-none-match"]).toBeUndefined();
  for (const headers of manifest.requests.slice(1)) expect(headers["if-none-match"]).toBe('"version-2"');
  expect((await headgate.admin("GET", "/manifests")).body.data[0]).toMatchObject({
    status: "ok",
    age_seconds: expect.any(Number),
  });
});
