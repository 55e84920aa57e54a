// The paths of the direct API that are not calls: their shapes, their methods, their slashes; and what the calls' paths refuse.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Headgate, startHeadgate } from "../../support/headgate.ts";
import type { LooseJson } from "../../support/loose-json.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "../../support/manifest-server.ts";
import { globusPerson, type MockGlobus, startMockGlobus } from "../../support/mock-globus.ts";
import { type Provider, startProvider } from "../../support/provider.ts";
import { rawRequest } from "../../support/raw-http.ts";
import { guideManifest, guideVariables, userToken } from "./direct-gateway.ts";

let provider: Provider;
let manifest: ManifestServer;
let globus: MockGlobus;
let headgate: Headgate;

beforeAll(async () => {
  [provider, manifest, globus] = await Promise.all([startProvider(), startManifestServer(), startMockGlobus()]);
  const urls = { openai: `${provider.url}/v1`, anthropic: `${provider.url}/v1` };
  const resting = manifestEntry({ status: "Maintenance", experts: ["resting"], url: provider.url, model_version: 4 });
  manifest.serve({ ...guideManifest(urls), resting });
  globus.tokens.set(userToken, globusPerson("u@uni.edu"));
  headgate = await startHeadgate({ env: { ...guideVariables(manifest, globus), HEADGATE_MANIFEST_INTERVAL: "1h" } });
});
afterAll(async () => {
  await headgate?.stop();
  await Promise.all([provider?.close(), manifest?.close(), globus?.stop()]);
});

const authorization = `Bearer ${userToken}`;
const ask = (method: string, target: string, headers: Record<string, string> = { authorization }) =>
  rawRequest(headgate.url, { method, target, headers });

const base = "/resource_server/metis/api/v1";
const reading = ["/health", "/status", "/whoami", "/list-endpoints", "/metis/jobs", "/metis/api/v1/models"].map(
  (path) => `/resource_server${path}`,
);
const calls = ["chat/completions", "completions", "embeddings", "responses", "messages"].map((path) => `${base}/${path}`);
const modelNames = [
  "claude-3-haiku-20240307",
  "claude-3-opus-20240229",
  "claude-3-sonnet-20240229",
  "gpt-4",
  "gpt-4-turbo",
  "gpt-4o",
  "gpt-4o-mini",
];

describe("case 28: what the gateway tells of its models", () => {
  test("list-endpoints: the cluster, its base URL, its live models in order, its paths", async () => {
    const { status, json, headers } = await ask("GET", "/resource_server/list-endpoints");
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("application/json");
    expect(json).toEqual({
      clusters: {
        metis: {
          base_url: "/resource_server/metis",
          frameworks: {
            api: {
              models: modelNames,
              endpoints: ["/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/messages", "/v1/responses"],
            },
          },
        },
      },
    });
    // What it says can be put together and called.
    const { base_url, frameworks } = json.clusters.metis;
    const target = `${base_url}/api${frameworks.api.endpoints[0]}`;
    const body = { model: frameworks.api.models[0], messages: [] };
    expect((await rawRequest(headgate.url, { method: "POST", target, headers: { authorization }, body })).status).toBe(200);
  });

  test("jobs: the reference's keys, and nothing else", async () => {
    const { status, json } = await ask("GET", "/resource_server/metis/jobs");
    expect(status).toBe(200);
    const job = { Framework: "api", Cluster: "metis" };
    expect(json).toEqual({
      running: [
        {
          ...job,
          Models: "gpt-4,gpt-4-turbo,gpt-4o,gpt-4o-mini",
          "Model Status": "running",
          Description: "OpenAI GPT-4 - GPT-4 models via OpenAI API",
          "Model Version": "",
        },
        {
          ...job,
          Models: "claude-3-opus-20240229,claude-3-sonnet-20240229,claude-3-haiku-20240307",
          "Model Status": "running",
          Description: "Anthropic Claude - Claude models via Anthropic API",
          "Model Version": "",
        },
      ],
      queued: [
        {
          ...job,
          Models: "resting",
          "Model Status": "maintenance",
          Description: "OpenAI GPT-4 - OpenAI's GPT-4 models",
          "Model Version": "4",
        },
      ],
      stopped: [],
      others: [],
      private_batch_running: [],
      private_batch_queued: [],
      cluster_status: { cluster: "metis", total_models: 8, live_models: 7, stopped_models: 0 },
    });
  });

  test("models: OpenAI's list, the same below /v1; Anthropic's for its clients", async () => {
    const here = (await ask("GET", `${base}/models`)).json;
    expect(here).toEqual({
      object: "list",
      data: modelNames.map((id) => ({ id, object: "model", created: expect.any(Number), owned_by: "headgate" })),
    });
    expect((await ask("GET", "/v1/models")).json).toEqual(here);
    expect((await ask("GET", `${base}/models/gpt-4`)).json).toMatchObject({ id: "gpt-4", object: "model" });
    expect((await ask("GET", `${base}/models/resting`)).status).toBe(404);
    const anthropic = await ask("GET", `${base}/models`, { "x-api-key": userToken, "anthropic-version": "2023-06-01" });
    expect(anthropic.json.data.map((model: LooseJson) => [model.type, model.id])).toEqual(modelNames.map((id) => ["model", id]));
  });
});

describe("case 29: health, status and whoami", () => {
  test("health needs nobody", async () => {
    const { status, json } = await ask("GET", "/resource_server/health", {});
    expect([status, json]).toEqual([200, { status: "ok" }]);
  });

  test("status needs nobody", async () => {
    const { status, json } = await ask("GET", "/resource_server/status", {});
    expect([status, json]).toEqual([200, { metis: true }]);
  });

  test("whoami of a Globus user", async () => {
    expect((await ask("GET", "/resource_server/whoami")).json).toEqual({
      id: "identity-of-u@uni.edu",
      name: "U",
      username: "u@uni.edu",
      user_group_uuids: [],
      idp_id: "idp-of-uni.edu",
      idp_name: "IdP uni.edu",
      auth_service: "globus",
    });
  });

  test("whoami of a Headgate key", async () => {
    const key = await headgate.createKey({ name: "a-key" });
    const { json } = await ask("GET", "/resource_server/whoami", { authorization: `Bearer ${key}` });
    expect(json).toEqual({
      id: expect.stringMatching(/^key_/),
      name: "a-key",
      username: "a-key",
      user_group_uuids: [],
      idp_id: "",
      idp_name: "",
      auth_service: "headgate",
    });
  });

  test.each(["/whoami", "/list-endpoints", "/metis/jobs", "/metis/api/v1/models"])("%s needs a credential", async (path) => {
    const none = await ask("GET", `/resource_server${path}`, {});
    expect([none.status, none.json.error.code, none.headers["www-authenticate"]]).toEqual([401, "missing_key", "Bearer"]);
    const unknown = await ask("GET", `/resource_server${path}`, { authorization: "Bearer nobody's" });
    expect([unknown.status, unknown.json.error.code]).toEqual([401, "invalid_key"]);
  });
});

describe("case 33: slashes, methods and unknown paths", () => {
  test.each(reading)("%s: with a slash at its end it is the same, and HEAD has its head without its body", async (target) => {
    const plain = await ask("GET", target);
    expect(plain.status).toBe(200);
    const slashed = await ask("GET", `${target}/`);
    expect([slashed.status, slashed.text]).toEqual([200, plain.text]);
    expect((await ask("GET", `${target}?x=1`)).text).toBe(plain.text);
    for (const one of [target, `${target}/`]) {
      const head = await ask("HEAD", one);
      expect([head.status, head.text, head.headers["content-length"]]).toEqual([200, "", String(plain.body.length)]);
    }
  });

  test.each(calls)("%s: with a slash at its end it reaches the provider without one", async (target) => {
    for (const one of [target, `${target}/`]) {
      const body = { model: "gpt-4", messages: [], input: "x", prompt: "x", max_tokens: 5 };
      const answer = await rawRequest(headgate.url, { method: "POST", target: one, headers: { authorization }, body });
      expect([answer.status, answer.headers["x-headgate-endpoint"]]).toEqual([200, "metis"]);
      expect(provider.calls.at(-1)?.url).toBe(target.replace(base, "/v1"));
    }
  });

  const wrong = [
    ...reading.flatMap((target) => ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => [method, target, "GET, HEAD"])),
    ...calls.flatMap((target) => ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"].map((method) => [method, target, "POST"])),
  ] as [string, string, string][];
  test.each(wrong)("%s %s: 405 and what is allowed, whoever asks", async (method, target, allow) => {
    for (const one of [target, `${target}/`]) {
      for (const headers of [{ authorization }, {}]) {
        const answer = await ask(method, one, headers as Record<string, string>);
        expect([answer.status, answer.headers.allow]).toEqual([405, allow]);
        expect(answer.headers["content-type"]).toBe("application/json");
        if (method === "HEAD") expect(answer.text).toBe("");
        else expect(answer.text).toContain(target.endsWith("/messages") ? "not allowed" : "method_not_allowed");
      }
    }
  });

  const unknown: [string, string][] = [
    ["GET", "/resource_server"],
    ["GET", "/resource_server/"],
    ["GET", "/resource_server/nothing"],
    ["GET", "/resource_server/Health"],
    ["GET", "/resource_server/healthz"],
    ["GET", "/resource_server/metis"],
    ["GET", "/resource_server/metis/api"],
    ["GET", "/resource_server/metis/api/v1"],
    ["GET", "/resource_server/metis/api/v1/"],
    ["GET", "/resource_server/other/jobs"],
    ["GET", "/resource_server/metis/jobs/1"],
    ["POST", "/resource_server/other/api/v1/chat/completions"],
    ["POST", "/resource_server/metis/vllm/v1/chat/completions"],
    ["POST", "/resource_server/metis/v1/chat/completions"],
    ["POST", "/resource_server/v1/chat/completions"],
    ["POST", "/resource_server_/metis/api/v1/chat/completions"],
  ];
  test.each(unknown)("%s %s: 404, as JSON", async (method, target) => {
    const body = method === "POST" ? { model: "gpt-4", messages: [] } : undefined;
    const answer = await rawRequest(headgate.url, { method, target, headers: { authorization }, body });
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toBe("application/json");
    expect(answer.json.error).toMatchObject({ code: "not_found", message: expect.any(String), type: "invalid_request_error" });
  });

  test.each(["/resource_server/../admin/api/v1/manifests", "/resource_server//health", "/resource_server/%2e%2e/metrics"])(
    "%s: 400 invalid_path",
    async (target) => {
      const answer = await ask("GET", target);
      expect([answer.status, answer.json.error.code]).toEqual([400, "invalid_path"]);
    },
  );

  test("paths that keep an account's state at the provider are not the guide's callers'", async () => {
    for (const path of ["files", "batches", "fine_tuning/jobs"]) {
      const answer = await ask("GET", `${base}/${path}`);
      expect([answer.status, answer.json.error.code]).toEqual([403, "not_allowed"]);
    }
    expect(provider.calls.filter(({ method }) => method === "GET")).toEqual([]);
  });
});
