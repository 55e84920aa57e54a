// The pages do what they say: every command of README.md and docs/*.md is run as a reader would, and every link leads somewhere.
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { environmentVariables } from "../src/config/environment.ts";
import { accountingSteps } from "./support/docs/accounting-steps.ts";
import { commandLineSteps } from "./support/docs/command-line-steps.ts";
import { directApiSteps } from "./support/docs/direct-api-steps.ts";
import { identitySteps } from "./support/docs/identity-steps.ts";
import { limitsSteps } from "./support/docs/limits-steps.ts";
import { anchorsOf, commandsOf, fencesOf, languagesOf, linksOf } from "./support/docs/page.ts";
import { pricesSteps } from "./support/docs/prices-steps.ts";
import { type Expected, Reader, settings } from "./support/docs/reader.ts";
import type { ShellAnswer } from "./support/docs/shell.ts";
import { eventually } from "./support/eventually.ts";
import { type ManifestServer, manifestEntry, startManifestServer } from "./support/manifest-server.ts";
import { type Provider, startProvider } from "./support/provider.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const providerKey = "sk-the-reader-s-own-key";

let provider: Provider;
let manifest: ManifestServer;
/** With an account at the provider. */
let reader: Reader;

beforeAll(async () => {
  provider = await startProvider({ models: ["gpt-4o", "gpt-4o-mini"], requireKey: providerKey, knownModelsOnly: true });
  manifest = await startManifestServer();
});
afterAll(async () => {
  await provider?.close();
  await manifest?.close();
});
beforeEach(async () => {
  reader = await Reader.make();
});
afterEach(() => reader?.leave());

const serve = (command: string) => reader.serve(command);
const endServer = () => reader.endServer();

/** What a reader puts in place of what a page can't know, on all pages. */
function usualSubstitutions(): (readonly [string, () => string])[] {
  return [
    ["http://127.0.0.1:8080", () => reader.url],
    ["https://api.openai.com", () => provider.url],
    ["https://status.example.org/status.json", () => manifest.url],
    ["export ADMIN_TOKEN=sk-hg-…", () => `export ADMIN_TOKEN=${reader.printedToken()}`],
    ["export HEADGATE_TOKEN=sk-hg-…", () => `export HEADGATE_TOKEN=${reader.printedToken()}`],
    ["export OPENAI_API_KEY=sk-…", () => `export OPENAI_API_KEY=${providerKey}`],
    ["export HEADGATE_KEY=sk-hg-…", () => `export HEADGATE_KEY=${reader.keyFromAnswers()}`],
    ["Bearer sk-hg-…", () => `Bearer ${reader.keyFromAnswers()}`],
    ['"api_key": "sk-…"', () => `"api_key": "${providerKey}"`],
    ['"openai-production": "sk-…"', () => `"openai-production": "${providerKey}"`],
    // the key of the call that the page has just shown
    ["&key=key_…", () => `&key=${reader.shell.answers.at(-1)?.json.key}`],
    ...["ep_", "mdl_", "key_", "usr_", "grp_", "mft_", "exp_"].map(
      (prefix) => [`${prefix}…`, () => reader.idFromAnswers(prefix)] as const,
    ),
    ["requests/req_…", () => `requests/${reader.callId}`],
    ['"secret": "…"', () => `"secret": "${/\/dashboard\/setup#(\S+)/.exec(reader.server?.out ?? "")?.[1]}"`],
    ["export CSRF=…", () => `export CSRF=${reader.shell.answers.at(-1)?.json.csrf_token}`],
  ];
}

function showsChat({ json, headers }: ShellAnswer): void {
  expect(json.choices[0].message.content).toBe(provider.settings.text);
  reader.callId = headers["x-request-id"] as string;
}

/** The administrator whom docs/operating.md takes to be there. */
async function makeGrace(): Promise<void> {
  const answer = await fetch(`${reader.url}/admin/api/v1/users`, {
    method: "POST",
    headers: { authorization: `Bearer ${reader.printedToken()}` },
    body: JSON.stringify({ name: "Grace", email: "grace@example.org", role: "administrator" }),
  });
  expect(answer.status).toBe(201);
}

const untilRecorded = () => reader.untilRecorded();

const pages: Record<string, Expected[]> = {
  "README.md": [
    {
      has: "npm run demo",
      async instead(command) {
        const demo = await serve(command);
        const commands = pastedFrom(demo.out);
        expect(commands).toHaveLength(4);
        const answers: ShellAnswer[] = [];
        for (const pasted of commands) answers.push((await reader.shell.run(pasted)).answer as ShellAnswer);
        const [chat, stream, message, requests] = answers;
        expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
        expect(chat?.json.choices[0].message.content).toMatch(/demo/i);
        expect(stream?.text).toContain("data: [DONE]");
        expect(message?.json).toMatchObject({ type: "message", role: "assistant" });
        expect(requests?.json).toMatchObject({ data: expect.any(Array), next_cursor: null });
        await endServer();
      },
    },
    { has: "npm start", instead: async (command) => void (await serve(command)) },
    settings("HEADGATE="),
    settings("ADMIN_TOKEN="),
    settings("OPENAI_API_KEY="),
    { has: "/endpoints", status: 201, shows: ({ json }) => expect(json).toMatchObject({ name: "openai", status: "active" }) },
    { has: "/keys", status: 201, shows: ({ json }) => expect(json.key).toMatch(/^sk-hg-/) },
    settings("HEADGATE_KEY="),
    { has: "/v1/models", shows: ({ json }) => expect(namesIn(json)).toEqual(["gpt-4o", "gpt-4o-mini"]) },
    { has: "/v1/chat/completions", shows: showsChat },
    {
      has: "/usage?group_by=model,key",
      before: untilRecorded,
      shows: ({ json }) => expect(json.data).toMatchObject([{ model: "gpt-4o-mini", key_name: "me", requests: 1 }]),
    },
    { has: "/requests?limit=5", shows: ({ json }) => expect(json.data).toMatchObject([{ id: reader.callId, status: 200 }]) },
    // not run: it is what runs this test
    { has: "npm test", instead: () => {} },
  ],
  "docs/admin-api.md": [
    { ...settings("ADMIN="), before: async () => void (await serve("npm start")) },
    settings("ADMIN_TOKEN="),
    {
      has: "admin create-token",
      status: null,
      async shows(_answer, { stdout }) {
        const whoami = () =>
          fetch(`${reader.url}/admin/api/v1/whoami`, { headers: { authorization: `Bearer ${stdout.trim()}` } });
        await eventually(async () => (await whoami()).status === 200);
      },
    },
    { has: "/whoami", shows: ({ json }) => expect(json).toMatchObject({ kind: "token", scopes: ["admin"] }) },
    {
      has: "/endpoints/validate",
      shows: ({ json }) => expect(json).toMatchObject({ ok: true, stage: "done", effective_url: `${provider.url}/v1` }),
    },
    {
      has: "/endpoints ",
      status: 201,
      shows: ({ json }) => expect(json).toMatchObject({ has_api_key: true, status: "active", last_sync: { status: "ok" } }),
    },
    {
      has: '"alias": "support-bot"',
      status: 201,
      shows: ({ json }) => expect(json).toMatchObject({ name: "support-bot", status: "active" }),
    },
    {
      has: "-X PATCH",
      shows: ({ json, headers }) => {
        expect(json).toMatchObject({ description: null, headers: { "x-team": "research" } });
        expect(headers.etag).toBe(`"${json.version}"`);
      },
    },
    { has: "dry_run=true", shows: ({ json }) => expect(json).toMatchObject({ status: "ok", counts: { unchanged: 2 } }) },
    { has: "/synchronize", shows: ({ json }) => expect(json).toMatchObject({ trigger: "manual", status: "ok" }) },
    {
      has: "/sync-runs",
      shows: ({ json }) => expect(json.data.map((run: { trigger: string }) => run.trigger)).toContain("create"),
    },
    {
      has: "/models",
      shows: ({ json }) => {
        const names = json.data.map(({ name }: { name: string }) => name);
        expect(names).toEqual(["gpt-4o-mini", "prod-gpt-4o", "support-bot"]);
      },
    },
    { has: '"status": "disabled"', shows: ({ json }) => expect(json).toMatchObject({ name: "support-bot", status: "disabled" }) },
    { has: "-X DELETE", status: 204 },
    {
      has: '"name": "smart"',
      status: 201,
      shows: ({ json }) =>
        expect(json).toMatchObject({ kind: "virtual", status: "active", deployments: [{ priority: 0 }, { priority: 1 }] }),
    },
    {
      has: '"max_attempts": 3',
      shows: ({ json }) => expect(json).toMatchObject({ name: "smart", strategy: "balanced", timeouts: { first_byte: "20s" } }),
    },
    {
      has: "/explain",
      shows: ({ json }) =>
        expect(json).toMatchObject({
          strategy: "balanced",
          candidates: [{ eligible: true }, { eligible: false }],
          decision: { outcome: "attempt", upstream_model: "gpt-4o" },
        }),
    },
    { has: "/keys ", status: 201, shows: ({ json }) => expect(json).toMatchObject({ name: "ci", key: expect.any(String) }) },
    { has: "/v1/chat/completions", shows: showsChat },
    { has: "/rotate", shows: ({ json }) => expect(json.key).toMatch(/^sk-hg-/) },
    { has: "-X DELETE", status: 204 },
    {
      has: "/users",
      status: 201,
      shows: ({ json }) => expect(json).toMatchObject({ name: "Ada", source: "local", role: "member", groups: [] }),
    },
    {
      has: "/groups",
      status: 201,
      shows: ({ json }) => expect(json).toMatchObject({ name: "chemistry", source: null, limits: { requests_per_minute: 600 } }),
    },
    { has: "/members/usr_…", status: 204 },
    { has: "/models/gpt-4o-*", status: 204 },
    {
      has: "/groups/grp_…",
      shows: ({ json }) => expect(json).toMatchObject({ models: ["prod-gpt-4o", "gpt-4o-*"], member_count: 1 }),
    },
    { has: "/members", shows: ({ json }) => expect(json.data).toMatchObject([{ name: "Ada", source: "admin" }]) },
    { has: "grp_everyone", shows: ({ json }) => expect(json).toMatchObject({ id: "grp_everyone", models: ["smart"] }) },
    {
      has: "/keys",
      status: 201,
      shows: ({ json }) =>
        expect(json).toMatchObject({ user_id: expect.stringMatching(/^usr_/), models: ["gpt-4o-mini", "smart"] }),
    },
    { has: "/v1/models", shows: ({ json }) => expect(namesIn(json)).toEqual(["gpt-4o-mini", "smart"]) },
    {
      has: "/sign-in",
      shows: ({ json }) => expect(json).toEqual({ password: true, setup_required: true, oidc: [], proxy: false }),
    },
    { has: "/setup", status: 201, shows: ({ json }) => expect(json).toMatchObject({ name: "Grace", role: "administrator" }) },
    {
      has: "-c cookies $ADMIN/sessions",
      status: 201,
      shows: ({ json }) => expect(json).toMatchObject({ kind: "user", csrf_token: expect.any(String) }),
    },
    settings("CSRF="),
    {
      has: "$ADMIN/sessions",
      shows: ({ json }) =>
        expect(json.data).toMatchObject([
          { method: "password", is_current: true },
          { method: "setup", is_current: false },
        ]),
    },
    {
      has: "/password-link",
      status: 201,
      shows: ({ json }) => expect(json.link).toMatch(/\/dashboard\/password#\S{43}$/),
    },
    { has: "/sessions/current", status: 204 },
    { has: "/users/usr_…", shows: ({ json }) => expect(json.limits).toEqual({ requests_per_second: 5 }) },
    {
      has: '"groups": ["chemistry"]',
      shows: ({ json }) => expect(json).toMatchObject({ groups: ["chemistry"], limits: { requests_per_second: 20 } }),
    },
    {
      has: '"user_id": "usr_…"',
      shows: ({ json }) => expect(json).toMatchObject({ access: { allowed: true }, decision: { outcome: "attempt" } }),
    },
    {
      has: "/manifests",
      status: 201,
      before: () => manifest.serve({ "openai-gpt4": manifestEntry({ url: `${provider.url}/v1`, experts: ["gpt-4o"] }) }),
      shows: ({ json }) =>
        expect(json).toMatchObject({ name: "metis", status: "ok", entries: [{ models: ["gpt-4o"], error: null }] }),
    },
    { has: "/manifests ", shows: ({ json }) => expect(json.data).toMatchObject([{ origin: "admin", last_error: null }]) },
    { has: "/refresh", shows: ({ json }) => expect(json).toMatchObject({ status: "ok", entries: [{ key: "openai-gpt4" }] }) },
    { has: "/manifests/mft_…", status: 204 },
    {
      has: "/usage?from=2026-01-01",
      shows: ({ json }) => expect(json).toMatchObject({ data: [], from: expect.any(String), to: expect.any(String) }),
    },
    { has: "/requests?status=error", shows: ({ json }) => expect(json).toEqual({ data: [], next_cursor: null }) },
    {
      has: "/requests/req_…",
      before: untilRecorded,
      shows: ({ json }) => expect(json).toMatchObject({ id: reader.callId, attempts: [{ endpoint: "openai", status: 200 }] }),
    },
    {
      has: "/usage?group_by=model&bucket=hour",
      shows: ({ json }) =>
        expect(json.data).toMatchObject([{ bucket: expect.any(String), model: "prod-gpt-4o", requests: 1, errors: 0 }]),
    },
    {
      has: "/usage/export",
      shows: ({ text, headers }) => {
        expect(headers["content-disposition"]).toMatch(/\.csv"$/);
        expect(text).toMatch(/^user,user_name,requests,/);
      },
    },
    {
      has: "/overview",
      shows: ({ json }) => {
        expect(json).toMatchObject({ bucket: "hour", totals: { requests: 0 }, previous: { requests: 0 } });
        expect(json.series).toHaveLength(24);
        expect(json.unhealthy).toEqual(expect.any(Array));
      },
    },
    { has: "$ADMIN/exports ", status: 202, shows: ({ json }) => expect(json).toMatchObject({ kind: "requests", format: "csv" }) },
    { has: "/exports/exp_…", shows: ({ json }) => expect(json.query).toMatchObject({ model: "gpt-4o" }) },
    {
      has: "/exports/exp_…/file",
      async before() {
        await eventually(async () => (await reader.admin(`/exports/${reader.idFromAnswers("exp_")}`)).status === "done");
      },
      shows: ({ text, headers }) => {
        expect(headers["content-disposition"]).toMatch(/requests-[\d-]+\.csv"$/);
        expect(text).toMatch(/^id,started_at,/);
      },
    },
    { has: "DELETE", status: 204 },
    {
      has: "/audit?",
      shows: ({ json }) =>
        expect(json.data).toMatchObject([{ actor: { kind: "key" }, after: { headers: { "x-team": "research" } } }]),
    },
    {
      has: "/audit/export",
      shows: ({ text, headers }) => {
        expect(headers["content-disposition"]).toMatch(/\.csv"$/);
        expect(text).toMatch(/^at,actor_kind,[^\n]*\r\n20[^\n]*,model\.update,model,mdl_/);
      },
    },
    {
      has: "/events?topics=usage,health",
      // It goes on until somebody ends it.
      async instead() {
        const headers = { authorization: `Bearer ${reader.printedToken()}` };
        const { status, body } = await fetch(`${reader.url}/admin/api/v1/events?topics=usage,health`, { headers });
        expect(status).toBe(200);
        await body?.cancel();
      },
    },
    { has: "-c cookies $ADMIN/sessions", status: 201 },
    { has: "/playground/v1/models", shows: ({ json }) => expect(json.object).toBe("list") },
  ],
  "docs/operating.md": [
    {
      has: "admin reset-password",
      status: null,
      before: async () => {
        await serve("npm start");
        await makeGrace();
      },
      shows: (_answer, { stdout }) => expect(stdout).toMatch(/^http:\S+\/dashboard\/password#\S{43}\n$/),
    },
    {
      has: "backup",
      status: null,
      shows: (_answer, { stdout }) => expect(readFileSync(stdout.trim()).subarray(0, 15).toString()).toBe("SQLite format 3"),
    },
    {
      has: "rotate-secret",
      status: null,
      before: endServer,
      async shows() {
        await serve("npm start");
        expect((await fetch(`${reader.url}/readyz`)).status).toBe(200);
      },
    },
    { has: "/readyz", shows: ({ json }) => expect(json).toEqual({ status: "ready", reasons: [] }) },
  ],
  "docs/replicas.md": [
    {
      has: "import-spool",
      status: null,
      before: async () => {
        await serve("npm start");
        mkdirSync(join(reader.home, "data-of-the-lost-one", "spool"), { recursive: true });
      },
      shows: (_answer, { stdout }) => expect(stdout).toMatch(/^0 bytes of usage are in the database/),
    },
  ],
};

function namesIn(list: { data: { id: string }[] }): string[] {
  return list.data.map(({ id }) => id);
}

/** The commands that a program printed for pasting: indented by two spaces, with their continuation lines. */
function pastedFrom(output: string): string[] {
  return [...output.matchAll(/^ {2}(curl (?:.*\\\n)*.*)$/gm)].map(([, command]) => command as string);
}

/** What is expected of longer pages is in files of its own. */
const pagesWithSteps: Record<string, (reader: Reader) => Expected[]> = {
  "docs/accounting.md": accountingSteps,
  "docs/command-line.md": commandLineSteps,
  "docs/limits.md": limitsSteps,
  "docs/prices.md": pricesSteps,
};
/** These need something else to run beside Headgate. */
const pagesWithServers = ["docs/direct-api.md", "docs/identity.md"];

describe("every command works as a reader pastes it", () => {
  test.each(Object.keys(pages))("%s", { timeout: 120_000 }, async (name) => {
    reader.substitutions.push(...usualSubstitutions());
    await reader.follow(name, pages[name] as Expected[]);
  });

  test.each(["url", "file"] as const)("docs/direct-api.md, the manifest at a %s", { timeout: 120_000 }, async (place) => {
    const { expected, close } = await directApiSteps(reader, place);
    reader.substitutions.push(...usualSubstitutions());
    await reader.follow("docs/direct-api.md", expected).finally(close);
  });

  test.each(Object.keys(pagesWithSteps))("%s, step by step", { timeout: 120_000 }, async (name) => {
    const expected = (pagesWithSteps[name] as (reader: Reader) => Expected[])(reader);
    reader.substitutions.push(...usualSubstitutions());
    await reader.follow(name, expected);
  });

  test("docs/identity.md", { timeout: 120_000 }, async () => {
    const { expected, close } = await identitySteps(reader, { url: provider.url, key: providerKey });
    reader.substitutions.push(...usualSubstitutions());
    await reader.follow("docs/identity.md", expected).finally(close);
  });

  test("what the first start prints; SIGTERM to npm alone ends it too", { timeout: 120_000 }, async () => {
    reader.substitutions.push(...usualSubstitutions());
    const server = await serve("npm start");
    await reader.shell.run(`export OPENAI_API_KEY=${providerKey}`);
    const statuses: (number | undefined)[] = [];
    for (const command of pastedFrom(server.out))
      statuses.push((await reader.shell.run(reader.substituted(command))).answer?.status);
    expect(statuses).toEqual([201, 201]);
    const [, link] = /^ {2}(http\S+\/dashboard\/setup#\S{43})$/m.exec(server.out) as RegExpExecArray;
    const page = await fetch(link as string);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining("<title>Headgate")]);
    expect(await server.terminate()).toBe(0);
  });
});

function pagesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const isElsewhere = entry.name.startsWith(".") || ["node_modules", "dist", "compiled", "data"].includes(entry.name);
    if (entry.isDirectory()) return isElsewhere ? [] : pagesUnder(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

const allPages = pagesUnder("");

test("no page for users has commands that are not run here", () => {
  const forUsers = allPages.filter((name) => name === "README.md" || name.startsWith("docs/"));
  for (const name of forUsers) {
    const text = readFileSync(join(root, name), "utf8");
    // Another name for a shell, or none, would hide a command from this test.
    expect([name, languagesOf(text).filter((language) => !["", "sh", "yaml", "json", "dotenv"].includes(language))]).toEqual([
      name,
      [],
    ]);
    const isFollowed = name in pages || name in pagesWithSteps || pagesWithServers.includes(name);
    expect([name, commandsOf(text).length > 0]).toEqual([name, isFollowed]);
    // What looks like a file to be saved has a name, so that it is saved here.
    const unnamed = fencesOf(text).filter(({ language, fileName }) => ["json", "dotenv"].includes(language) && fileName === "");
    expect([name, unnamed]).toEqual([name, []]);
  }
});

test("the guide to the direct API has every variable of it", () => {
  const ofDirectApi = /^(METIS|GLOBUS|AUTHORIZED|RATE_LIMIT|HEADGATE_MANIFEST|HEADGATE_GLOBUS)_/;
  const names = Object.keys(environmentVariables).filter((name) => ofDirectApi.test(name));
  expect(names.length).toBeGreaterThan(10);
  const rows = readFileSync(join(root, "docs/direct-api.md"), "utf8").matchAll(/^\| ([^|]+) \|/gm);
  const described = [...rows].map(([, cell]) => cell).join();
  expect(names.filter((name) => !described.includes(`\`${name}\``))).toEqual([]);
});

test.each(allPages)("the links of %s lead somewhere", (name) => {
  const broken = linksOf(readFileSync(join(root, name), "utf8")).filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? join(root, name) : resolve(root, dirname(name), path);
    if (relative(root, target).startsWith("..") || !existsSync(target)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(target, "utf8")).includes(anchor);
  });
  expect(broken).toEqual([]);
});
