// A small installation as one has it after a day: endpoints, models, people, keys, groups, a manifest, calls that went well and some that did not.
import { manifestEntry, startManifestServer } from "../manifest-server.ts";
import type { Console } from "./browser-tests.ts";

export interface LittleData {
  /** A page of one resource by the pattern of its path: `/keys/$id`. */
  details: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export async function makeLittleData({ headgate, provider }: Console): Promise<LittleData> {
  provider.models = [
    "llama-3.3-70b",
    "qwen3-32b",
    "embedder",
    "a-model-with-a-name-that-is-longer-than-most-names-of-models-are-2026-11-22",
  ];
  const created = async (path: string, body: object) => {
    const answer = await headgate.admin("POST", path, body);
    if (answer.status >= 300) throw new Error(`POST ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const url = `${provider.url}/v1`;
  const endpoint = await headgate.addEndpoint({
    name: "cluster",
    url,
    description: "The machines in the cellar.",
    api_key: "sk-x",
  });
  await headgate.addEndpoint({ name: "second", url, models: ["llama-3.3-70b"] });
  await headgate.addEndpoint({ name: "broken", url: "http://127.0.0.1:9/v1" });
  const manifests = await startManifestServer();
  manifests.serve({
    good: manifestEntry({ url, experts: ["expert-a", "expert-b"], endpoint_id: "one" }),
    resting: manifestEntry({ url, status: "Maintenance", experts: ["expert-c"], endpoint_id: "two" }),
    wrong: manifestEntry({ url: "ftp://nowhere", endpoint_id: "three" }),
  });
  const manifest = await created("/manifests", { name: "metis", url: manifests.url });
  const virtual = await created("/models", { name: "smart", targets: [{ endpoint: "cluster", model: "qwen3-32b" }] });
  const { body: listed } = await headgate.admin("GET", "/models?search=llama");
  await headgate.admin("PUT", "/prices/llama-3.3-70b", { input_usd_per_million: 0.6, output_usd_per_million: 1.2 });
  const group = await created("/groups", {
    name: "physics",
    models: ["llama-*", "smart"],
    limits: { requests_per_minute: 600, tokens_per_minute: 100_000, budget_usd: 25, budget_timezone: "Europe/Zurich" },
  });
  const user = await created("/users", { name: "Grace Hopper", email: "grace@uni.test", role: "member" });
  await headgate.admin("PUT", `/groups/${group.id}/members/${user.id}`);
  const key = await created("/keys", {
    name: "nightly evaluation",
    user_id: user.id,
    limits: { requests_per_minute: 6, concurrent_requests: 4, budget_usd: 0.00002, budget_unpriced: "allow" },
    bodies: { retention: "7d", redact: [] },
  });
  await created("/keys", { name: "service", scopes: ["inference", "admin"], expires_at: "2099-01-01T00:00:00Z" });
  const request = await someCalls(headgate.url, key.key, headgate.admin);
  await headgate.admin("PATCH", "/groups/grp_everyone", { models: ["*"] });
  await created("/exports", { kind: "requests", format: "csv", query: {} });
  return {
    details: {
      "/endpoints/$id": `/endpoints/${endpoint.id}`,
      "/models/$id": `/models/${listed.data[0].id}`,
      "/manifests/$id": `/manifests/${manifest.id}`,
      "/keys/$id": `/keys/${key.id}`,
      "/users/$id": `/users/${user.id}`,
      "/groups/$id": `/groups/${group.id}`,
      "/requests/$id": `/requests/${request}`,
      "a virtual model": `/models/${virtual.id}`,
    },
    close: () => manifests.close(),
  };
}

/** The id of the newest request, when all of them are recorded. */
async function someCalls(url: string, key: string, admin: Console["headgate"]["admin"]): Promise<string> {
  const models = ["llama-3.3-70b", "smart", "no-such-model", "llama-3.3-70b", "smart"];
  for (const [index, model] of models.entries()) {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, stream: index % 2 === 0, messages: [{ role: "user", content: `Hello ${index}?` }] }),
    });
    await response.text();
  }
  const deadlineMs = Date.now() + 10_000;
  for (;;) {
    const { body } = await admin("GET", "/requests?limit=10");
    if (body.data.length >= 4) return body.data[0].id;
    if (Date.now() > deadlineMs) throw new Error(`the calls are not recorded: ${JSON.stringify(body.data)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
