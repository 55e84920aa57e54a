// docs/direct-api.md as it is followed: Globus, four model servers and the manifest's own stand in for the real ones.
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { eventually } from "../eventually.ts";
import { startManifestServer } from "../manifest-server.ts";
import { globusPerson, startMockGlobus } from "../mock-globus.ts";
import { type Provider, startProvider } from "../provider.ts";
import { type Expected, type Followed, type Reader, settings } from "./reader.ts";
import type { ShellAnswer } from "./shell.ts";

const token = "token-of-ada";
const outsidersToken = "token-of-bob";
/** The one that the page's manifest restricts an entry to. */
const group = "5f2a6c1e-8d4b-4e6f-9a3c-1b7d2e8f4a60";
const keys = { openai: "sk-proj-of-the-centre", anthropic: "sk-ant-of-the-centre", azure: "azure-key-of-the-centre" };

/** `place`: where METIS_STATUS_URL finds the file that the page has the reader save. */
export async function directApiSteps(reader: Reader, place: "url" | "file"): Promise<Followed> {
  const [globus, manifest, openai, anthropic, azure] = await Promise.all([
    startMockGlobus({ clientId: "5b0f6c2e-application" }),
    startManifestServer(),
    startProvider({ requireKey: keys.openai, models: ["gpt-4o", "gpt-4o-mini"], knownModelsOnly: true }),
    startProvider({ requireKey: keys.anthropic }),
    startProvider({ requireKey: keys.azure, basePaths: ["/openai/deployments/gpt-4o-mini"] }),
  ]);
  const file = join(reader.home, "status.json");
  manifest.answer((_request, response) => {
    if (existsSync(file)) response.writeHead(200, { "content-type": "application/json" }).end(readFileSync(file));
    else response.writeHead(503).end();
  });
  const ada = globusPerson("ada@uni.edu", { groups: [{ id: group, name: "Chemistry" }] });
  for (const identity of ada.identities) identity.name = "Ada";
  globus.tokens.set(token, ada);
  globus.tokens.set(outsidersToken, globusPerson("bob@lab.gov"));
  Object.assign(reader.env, { HEADGATE_GLOBUS_AUTH_URL: globus.url, HEADGATE_GLOBUS_GROUPS_URL: globus.url });
  reader.substitutions.push(
    ["http://localhost:8000", () => reader.url],
    ["https://status.example.org/status.json", () => (place === "url" ? manifest.url : "status.json")],
    ["https://api.openai.com", () => openai.url],
    ["https://api.anthropic.com", () => anthropic.url],
    ["https://our-resource.openai.azure.com", () => azure.url],
    ['"sk-proj-…"', () => `"${keys.openai}"`],
    ['"sk-ant-…"', () => `"${keys.anthropic}"`],
    ['"azure-production": "…"', () => `"azure-production": "${keys.azure}"`],
    ['GLOBUS_APPLICATION_ID="…"', () => `GLOBUS_APPLICATION_ID="${globus.clientId}"`],
    ['GLOBUS_APPLICATION_SECRET="…"', () => `GLOBUS_APPLICATION_SECRET="${globus.clientSecret}"`],
    ["export TOKEN=…", () => `export TOKEN=${token}`],
  );
  const call = (body: object, bearer: string) =>
    fetch(`${reader.url}/resource_server/metis/api/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify({ messages: [], ...body }),
    });

  const expected: Expected[] = [
    { has: "npm start", instead: async (command) => void (await reader.serve(command)) },
    settings("TOKEN="),
    {
      has: '"stream": false',
      shows({ json, headers }) {
        expect(json).toMatchObject({ object: "chat.completion", model: "gpt-4o-mini", usage: expect.any(Object) });
        expect(json.choices[0].message.content).toBe(openai.settings.text);
        expect(headers["x-headgate-endpoint"]).toBe("metis");
        const { path, headers: sent } = openai.take();
        expect([path, sent.authorization]).toEqual(["/v1/chat/completions", `Bearer ${keys.openai}`]);
      },
    },
    {
      has: '"stream": true',
      shows({ text, headers }) {
        expect(headers["content-type"]).toContain("text/event-stream");
        expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
        const { path, headers: sent } = anthropic.take();
        expect([path, sent.authorization]).toEqual(["/v1/chat/completions", `Bearer ${keys.anthropic}`]);
      },
    },
    {
      has: "/v1/models",
      shows: ({ json }) =>
        expect(json.data.map(({ id }: { id: string }) => id)).toEqual(["claude-3-opus-20240229", "gpt-4o", "gpt-4o-mini"]),
    },
    {
      has: "/list-endpoints",
      shows: showsNothingInside(({ json }) => {
        const { base_url, frameworks } = json.clusters.metis;
        expect(base_url).toBe("/resource_server/metis");
        expect(frameworks.api.models).toEqual(["claude-3-opus-20240229", "gpt-4o", "gpt-4o-mini"]);
        expect(frameworks.api.endpoints).toContain("/v1/chat/completions");
      }),
    },
    {
      has: "/jobs",
      shows: showsNothingInside(({ json }) => {
        expect(json.running).toHaveLength(2);
        expect(json.cluster_status).toMatchObject({ cluster: "metis", total_models: 3, live_models: 3 });
      }),
    },
    {
      has: "/whoami",
      shows: ({ json }) => expect(json).toMatchObject({ username: "ada@uni.edu", name: "Ada", auth_service: "globus" }),
    },
    { has: "/resource_server/health", shows: ({ json }) => expect(json).toEqual({ status: "ok" }) },
    { has: "/resource_server/status", shows: ({ json }) => expect(json).toEqual({ metis: true }) },
    settings("ADMIN="),
    settings("ADMIN_TOKEN="),
    {
      has: "/manifests",
      shows({ json }) {
        expect(json.data).toMatchObject([
          { name: "metis", origin: "environment", interval: "30s", status: "ok", last_error: null },
        ]);
        expect(json.data[0].entries).toMatchObject([
          { key: "openai-gpt4", status: "live", models: ["gpt-4o", "gpt-4o-mini"], error: null },
          { key: "anthropic-claude", endpoint_id: "anthropic-production", error: null },
        ]);
      },
    },
    { has: "/readyz", shows: ({ json }) => expect(json).toEqual({ status: "ready", reasons: [] }) },
    {
      has: "/metrics",
      shows({ text }) {
        expect(text).toContain('headgate_manifest_up{manifest="metis"} 1');
        expect(text).toMatch(/headgate_manifest_age_seconds\{manifest="metis"\} \d+/);
      },
    },
    {
      has: "/refresh",
      shows({ json }) {
        const [, , , llama] = json.entries;
        expect(json.entries.map(({ status }: { status: string }) => status)).toEqual(["live", "live", "live", "maintenance"]);
        expect(llama).toMatchObject({ key: "llama", models: ["llama-3.3-70b"], error: null });
      },
    },
    {
      has: "gpt-4o-mini",
      // OpenAI fails: whichever of the two gets the first attempt, the answer is Azure's.
      before: () => openai.next({ kind: "answer", status: 500, body: { error: { message: "down" } } }, { times: 20 }),
      async shows({ json, headers }) {
        expect(json.choices[0].message.content).toBe(azure.settings.text);
        expect(["1", "2"]).toContain(headers["x-headgate-attempts"]);
        expect(headers["x-headgate-endpoint"]).toBe("metis");
        const { url, headers: sent } = azure.take();
        expect(url).toBe("/openai/deployments/gpt-4o-mini/chat/completions?api-version=2024-10-21");
        expect([sent["api-key"], sent.authorization]).toEqual([keys.azure, undefined]);
        if (headers["x-headgate-attempts"] === "1") await failsOver(openai, () => call({ model: "gpt-4o-mini" }, token));
        openai.reset();
      },
    },
    {
      has: "/messages",
      async shows({ json }) {
        expect(json).toMatchObject({ type: "message", role: "assistant" });
        const { path, headers } = anthropic.take();
        expect([path, headers["x-api-key"], headers["anthropic-version"], headers.authorization]).toEqual([
          "/v1/messages",
          keys.anthropic,
          "2023-06-01",
          undefined,
        ]);
        // who is in none of the entry's groups
        const refused = await call({ model: "claude-sonnet-4-5" }, outsidersToken);
        expect([refused.status, refused.headers.get("x-headgate-error-code")]).toEqual([404, "model_not_found"]);
      },
    },
    {
      has: "llama-3.3-70b",
      status: 503,
      shows({ json, headers }) {
        expect(json.error.code).toBe("model_maintenance");
        expect(Number(headers["retry-after"])).toBeGreaterThan(0);
      },
    },
    {
      has: "/users",
      before: async () => void (await eventually(async () => (await reader.admin("/users")).data.length === 2)),
      shows({ json }) {
        const [first] = json.data;
        expect(first).toMatchObject({ name: "Ada", username: "ada@uni.edu", source: "globus", groups: [{ name: "Chemistry" }] });
        reader.substitutions.unshift(["usr_…", () => first.id]);
      },
    },
    {
      has: "/users/usr_…",
      shows: ({ json }) => expect(json).toMatchObject({ name: "Ada", limits: { requests_per_second: 50 } }),
    },
    { has: "/groups/grp_everyone", shows: ({ json }) => expect(json.limits).toEqual({ requests_per_minute: 6000 }) },
    {
      has: "/refresh",
      before: () => renameSync(file, `${file}.away`),
      shows: ({ json }) =>
        expect(json).toMatchObject({
          status: "stale",
          last_error: { stage: place === "url" ? "http" : "file" },
          entries: { length: 4 },
        }),
    },
    {
      has: "/readyz",
      shows: ({ json }) => expect(json).toMatchObject({ status: "degraded", reasons: [{ part: "manifest:metis" }] }),
    },
    {
      has: "Still there?",
      async before() {
        // "across restarts"
        await reader.endServer();
        await reader.serve("npm start");
      },
      async shows({ json }) {
        expect(json.choices).toHaveLength(1);
        await globus.stop();
        expect((await call({ model: "gpt-4o-mini" }, token)).status).toBe(200);
        const unknown = await call({ model: "gpt-4o-mini" }, "token-of-somebody");
        expect([unknown.status, unknown.headers.get("x-headgate-error-code")]).toEqual([503, "auth_unavailable"]);
        expect(Number(unknown.headers.get("retry-after"))).toBeGreaterThan(0);
      },
    },
  ];
  const close = async () => {
    await Promise.all([globus.stop(), manifest.close(), openai.close(), anthropic.close(), azure.close()]);
  };
  return { expected, close };
}

/** What callers may see of a manifest has none of what is inside. */
function showsNothingInside(shows: (answer: ShellAnswer) => void): (answer: ShellAnswer) => void {
  return (answer) => {
    shows(answer);
    expect(answer.text).not.toMatch(/http:|127\.0\.0\.1|openai-production|openai-gpt4|of-the-centre/);
  };
}

/** Calls until the endpoint that fails was tried first: the caller must not notice. */
async function failsOver(failing: Provider, call: () => Promise<Response>): Promise<void> {
  // ten a second are allowed
  await eventually(
    async () => {
      const answer = await call();
      expect(answer.status).toBe(200);
      return failing.calls.length > 0 && answer.headers.get("x-headgate-attempts") === "2";
    },
    { everyMs: 150 },
  );
}
