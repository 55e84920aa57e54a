// Whichever way a call takes: the limits of the model that it names hold, its payer's budget too, and what is offline says so.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { signIn } from "../../support/signed-in.ts";
import { refusal, type Site, type SiteAnswer, startSite } from "../identity/site.ts";

let site: Site;
beforeAll(async () => {
  site = await startSite({ models: ["m"] });
  await site.change("PUT", "/prices/m", { input_usd_per_million: 0, output_usd_per_million: 10 });
});
afterAll(() => site.stop());
afterEach(() => site.provider.reset());

function chat(key: string, body: object = {}, path = "/v1/chat/completions"): Promise<SiteAnswer> {
  const whole = { model: "m", messages: [{ role: "user", content: "hi" }], max_tokens: 1000, ...body };
  return site.send("POST", path, key, { body: whole });
}

async function keyWith(limits: object, more: object = {}): Promise<{ key: string; id: string }> {
  const { key, id } = await site.change("POST", "/keys", { name: "paying", limits, ...more });
  return { key, id };
}

test("a model that nobody serves at the moment is offline, whether its caller has a budget or not", async () => {
  const settings = { url: `${site.provider.url}/v1`, models: ["n"], sync: false, sync_interval: 0 };
  const { id } = await site.headgate.addEndpoint({ name: "fleeting", ...settings });
  await site.change("PATCH", `/endpoints/${id}`, { models: ["other"] });
  const { key } = await keyWith({ budget_usd: 1 });
  expect(refusal(await chat(key, { model: "n" }))).toEqual([503, "model_offline"]);
  await site.change("PUT", "/prices/n", { input_usd_per_million: 0, output_usd_per_million: 10 });
  expect(refusal(await chat(key, { model: "n" }))).toEqual([503, "model_offline"]);
});

test("a user's primary group pays and is held to its budget, whether the user is a member or not", async () => {
  const group = await site.change("POST", "/groups", { name: "patrons", models: [], limits: { budget_usd: 0 } });
  const user = await signIn(site.headgate, { primary_group_id: group.id });
  const body = { model: "m", messages: [{ role: "user", content: "hi" }] };
  const answer = await site.send("POST", "/admin/api/v1/playground/v1/chat/completions", user.headers, { body });
  expect(refusal(answer)).toEqual([429, "insufficient_quota"]);
});

test("a call to a named endpoint is one of the model that it names, not of another with the same deployment", async () => {
  const targets = [{ endpoint: "prod", model: "m" }];
  await site.change("POST", "/models", { name: "alike", targets });
  const { key } = await keyWith({}, { scopes: ["inference", "passthrough"] });
  await site.setModel("m", { limits: { budget_usd: 0 } });
  const path = "/endpoints/prod/v1/chat/completions";
  expect((await chat(key, { model: "alike" }, path)).status).toBe(200);
  expect(refusal(await chat(key, {}, path))).toEqual([429, "insufficient_quota"]);
  await site.setModel("m", { limits: null });
  const answer = await chat(key, {}, path);
  expect([answer.status, answer.headers["x-headgate-model"]]).toEqual([200, "m"]);
});

test("an answer that is made in the background counts with what was set aside for it: nobody sees it end", async () => {
  const { key, id } = await keyWith({ budget_usd: 1 });
  // Where there are workers, it takes them a moment to tell.
  const spends = (usd: number) =>
    site.headgate.eventually(async () => (await site.change("GET", `/allowances/key/${id}`)).budget.spent_usd === usd);
  const queued = { id: "resp_background", object: "response", status: "queued", usage: null, output: [] };
  const body = { model: "m", input: "hi", background: true, max_output_tokens: 1000 };
  site.provider.next({ kind: "answer", body: queued });
  expect((await site.send("POST", "/v1/responses", key, { body })).status).toBe(200);
  await spends(0.01);
  // What an endpoint says of it all the same counts as it is.
  const usage = { input_tokens: 5, output_tokens: 100, total_tokens: 105 };
  site.provider.next({ kind: "answer", body: { ...queued, status: "completed", usage } });
  expect((await site.send("POST", "/v1/responses", key, { body })).status).toBe(200);
  await spends(0.011);
  site.provider.next({ kind: "answer", status: 400, body: { error: { message: "no" } } });
  expect((await site.send("POST", "/v1/responses", key, { body })).status).toBe(400);
  await spends(0.011);
});
