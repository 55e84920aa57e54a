// Whoever deletes an endpoint by mistake gets it back: its callers, with the keys they have, are served again, also under another secret key.
import { afterEach, beforeEach, expect, test } from "vitest";
import { rotateSecret } from "../../src/cli/rotate-secret.ts";
import { temporaryDirectory } from "../support/database.ts";
import { type Headgate, startHeadgate, testSecretKey } from "../support/headgate.ts";
import { type Provider, startProvider } from "../support/provider.ts";

const canary = "sk-canary-provider-key-4713";

let provider: Provider;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let headgate: Headgate;
beforeEach(async () => {
  provider = await startProvider({ models: ["alpha", "beta", "gamma"] });
  directory = await temporaryDirectory();
  headgate = await startHeadgate({ dataDir: directory.path });
});
afterEach(async () => {
  await headgate.stop();
  await provider.close();
  await directory.remove();
});

async function call(key: string, model: string): Promise<string> {
  const response = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello?" }] }),
  });
  const body = (await response.json()) as { error?: { code: string } };
  return body.error === undefined ? String(response.status) : `${response.status} ${body.error.code}`;
}

/** What a caller gets for the alias, a model without one, the disabled model and the virtual one. */
async function calls(key: string): Promise<string[]> {
  const answers: string[] = [];
  for (const model of ["prod-alpha", "beta", "gamma", "smart"]) answers.push(await call(key, model));
  return answers;
}

/** An endpoint with an alias, a disabled model and a virtual model over it. */
async function prepare(): Promise<{ id: string; key: string }> {
  const url = `${provider.url}/v1`;
  const { id } = await headgate.addEndpoint({ name: "one", url, api_key: canary, aliases: { alpha: "prod-alpha" } });
  const { data } = (await headgate.admin("GET", "/models")).body;
  const gamma = data.find(({ name }: { name: string }) => name === "gamma");
  expect((await headgate.admin("PATCH", `/models/${gamma.id}`, { status: "disabled" })).status).toBe(200);
  const targets = [{ endpoint: "one", model: "alpha" }];
  expect((await headgate.admin("POST", "/models", { name: "smart", targets })).status).toBe(201);
  return { id, key: await headgate.createKey() };
}

const restore = (id: string) => headgate.admin("POST", `/deleted-endpoints/${id}/restore`);
const asBefore = ["200", "200", expect.stringMatching(/^[45]/), "200"];

test("a deleted endpoint's callers get a clean 404, and are served as before when it is restored", async () => {
  const { id, key } = await prepare();
  const before = await calls(key);
  expect(before).toEqual(asBefore);
  expect((await headgate.admin("DELETE", `/endpoints/${id}`)).status).toBe(204);
  expect((await calls(key)).slice(0, 3)).toEqual(Array(3).fill("404 model_not_found"));
  expect(await call(key, "smart")).toMatch(/^[45]/);
  expect((await restore(id)).status).toBe(201);
  expect(await calls(key)).toEqual(before);
  expect(provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${canary}`);
  expect(headgate.logText()).not.toContain(canary);
});

test("it is restored after a restart under another secret key", async () => {
  const { id, key } = await prepare();
  const before = await calls(key);
  await headgate.admin("DELETE", `/endpoints/${id}`);
  await headgate.stop();
  const next = "another-secret-key-of-more-than-32-characters";
  const env = { HEADGATE_SECRET_KEY: testSecretKey, HEADGATE_NEW_SECRET_KEY: next };
  const printed: string[] = [];
  const print = (text: string) => void printed.push(text);
  await rotateSecret({ dataDir: directory.path }, { print, note: print, env, cwd: directory.path });
  expect(printed.join("\n")).not.toContain(canary);

  headgate = await startHeadgate({ dataDir: directory.path, env: { HEADGATE_SECRET_KEY: next } });
  expect((await restore(id)).status).toBe(201);
  expect(await calls(key)).toEqual(before);
  expect(provider.requests.at(-1)?.headers.authorization).toBe(`Bearer ${canary}`);
});
