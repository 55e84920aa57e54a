// POST /explain and GET /requests/{id} of a whole Headgate say the same of a call, one before it and one after; explaining calls nobody.
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../support/headgate.ts";
import type { LooseJson } from "../support/loose-json.ts";
import { type Provider, startProvider } from "../support/provider.ts";
import { ShiftedClock } from "../support/shifted-clock.ts";

let headgate: Headgate;
let good: Provider;
let bad: Provider;
let key: string;
let keyId: string;
/** It stands still: a bench of a few seconds lasts for as long as a test needs it. */
const clock = new ShiftedClock().standStill();

beforeAll(async () => {
  [good, bad] = await Promise.all([startProvider({ models: ["m"] }), startProvider({ models: ["m"] })]);
  headgate = await startHeadgate({ clock });
  await headgate.addEndpoint({ name: "bad", url: `${bad.url}/v1` });
  await headgate.addEndpoint({ name: "good", url: `${good.url}/v1` });
  const made = await headgate.admin("POST", "/keys", { name: "caller", models: ["m", "smart"] });
  key = made.body.key;
  keyId = made.body.id;
});
afterAll(async () => {
  await headgate?.stop();
  await Promise.all([good?.close(), bad?.close()]);
});
beforeEach(() => {
  good.reset();
  bad.reset();
});

async function explain(question: object): Promise<LooseJson> {
  const { status, body } = await headgate.admin("POST", "/explain", question);
  expect([status, body]).toEqual([200, body]);
  return body;
}

function call(model: string): Promise<Response> {
  return fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }),
  });
}

async function deploymentAt(endpoint: string): Promise<LooseJson> {
  const { body } = await headgate.admin("GET", "/models");
  const { deployments } = body.data.find(({ name }: { name: string }) => name === "m");
  return deployments.find((deployment: LooseJson) => deployment.endpoint === endpoint);
}

/** As the ledger has it. */
function recorded(response: Response): Promise<LooseJson> {
  return headgate.eventually(async () => {
    const { status, body } = await headgate.admin("GET", `/requests/${response.headers.get("x-request-id")}`);
    return status === 200 && body.state === "settled" && body;
  });
}

test("a deployment that fails is said to be first, is benched, and then said to be left alone until when and why", async () => {
  const targets = [
    { endpoint: "bad", model: "m" },
    { endpoint: "good", model: "m", priority: 1 },
  ];
  expect((await headgate.admin("POST", "/models", { name: "smart", targets })).status).toBe(201);
  const question = { model: "smart", key_id: keyId };
  const [badId, goodId] = [(await deploymentAt("bad")).id, (await deploymentAt("good")).id];

  const before = await explain(question);
  expect(before).toMatchObject({
    kind: "virtual",
    strategy: "balanced",
    access: { allowed: true, why: "the key 'caller' allows it by 'smart', and group 'everyone' by '*'" },
    max_attempts: 2,
    limits: [],
    candidates: [
      { deployment: badId, eligible: true, order: 1, health: { status: "unknown" } },
      { deployment: goodId, eligible: false, order: 2, why: "ready, but priority 0 goes before 1" },
    ],
    decision: { outcome: "attempt", deployment: badId, endpoint: "bad", share: 1 },
  });
  expect([good.calls.length, bad.calls.length]).toEqual([0, 0]);

  bad.next({ kind: "answer", status: 500 }, { times: Number.POSITIVE_INFINITY });
  const first = await call("smart");
  expect([first.status, first.headers.get("x-headgate-endpoint")]).toEqual([200, "good"]);
  for (let time = 1; time < 5; time++) expect((await call("smart")).status).toBe(200);

  const after = await explain(question);
  const benched = after.candidates[0];
  expect(benched).toMatchObject({ deployment: badId, eligible: false, score: null, share: 0, order: 2 });
  expect(benched.health).toMatchObject({ status: "benched", cause: expect.stringContaining("5 failures in a row") });
  expect(benched.health).toEqual((await deploymentAt("bad")).health);
  expect(benched.why).toBe(`benched until ${benched.health.until}: ${benched.health.cause}`);
  expect(Date.parse(benched.health.until)).toBeGreaterThan(clock.nowMs());
  expect(after.decision).toMatchObject({ outcome: "attempt", deployment: goodId, endpoint: "good", share: 1 });
  expect(after.retries.left).toBe(before.retries.left - 5);

  const callsBefore = [good.calls.length, bad.calls.length];
  for (let time = 0; time < 20; time++) await explain(question);
  expect([good.calls.length, bad.calls.length]).toEqual(callsBefore);
  const now = await call("smart");
  expect([now.headers.get("x-headgate-endpoint"), now.headers.get("x-headgate-attempts")]).toEqual(["good", "1"]);

  const [{ attempts }, later] = [await recorded(first), await recorded(now)];
  expect(attempts).toMatchObject([
    {
      deployment: badId,
      endpoint: "bad",
      why: before.decision.why,
      status: 500,
      error: "upstream_error",
      tokens: expect.any(Object),
    },
    { deployment: goodId, endpoint: "good", why: expect.stringContaining("500 at bad; "), status: 200, error: null },
  ]);
  for (const attempt of attempts) {
    expect(Object.keys(attempt)).toEqual(expect.arrayContaining(["started_at", "ttft_ms", "duration_ms", "tokens", "cost"]));
  }
  expect(later.attempts).toMatchObject([{ deployment: goodId, why: after.decision.why }]);
  // What was explained is in no report.
  expect((await headgate.admin("GET", "/requests")).body.data).toHaveLength(6);
});

test("what the caller would be refused with is what it is refused with", async () => {
  const model = (await headgate.admin("GET", "/models")).body.data.find(({ name }: { name: string }) => name === "m");
  expect((await headgate.admin("PATCH", `/models/${model.id}`, { status: "disabled" })).status).toBe(200);
  const offline = (await explain({ model: "m", key_id: keyId })).decision.error;
  const refused = await call("m");
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([offline.status, String(offline.retry_after)]);
  expect(((await refused.json()) as LooseJson).error).toMatchObject({ code: "model_offline", message: offline.message });
  await headgate.admin("PATCH", `/models/${model.id}`, { status: "active" });

  const unknown = (await explain({ model: "gpt-9", key_id: keyId })).decision.error;
  const notFound = await call("gpt-9");
  expect([notFound.status, unknown.status]).toEqual([404, 404]);
  expect(((await notFound.json()) as LooseJson).error).toMatchObject({ code: unknown.code, message: unknown.message });

  await headgate.admin("DELETE", `/keys/${keyId}`);
  const { status, body } = await headgate.admin("POST", "/explain", { model: "m", key_id: keyId });
  expect([status, body.error.field]).toEqual([422, "key_id"]);
});
