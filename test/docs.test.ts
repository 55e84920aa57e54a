// The pages do what they say: every command of README.md and docs/*.md is run as a reader would, and every link leads somewhere.
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { temporaryDirectory } from "./support/database.ts";
import { anchorsOf, commandsOf, languagesOf, linksOf } from "./support/docs/page.ts";
import { ServerCommand } from "./support/docs/server-command.ts";
import { Shell, type ShellAnswer, type ShellResult } from "./support/docs/shell.ts";
import { eventually } from "./support/eventually.ts";
import type { LooseJson } from "./support/loose-json.ts";
import { type Provider, startProvider } from "./support/provider.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const providerKey = "sk-the-reader-s-own-key";

/** A reader: a folder, a terminal in it, perhaps a Headgate in another one, and the provider that they have an account with. */
interface Reader {
  shell: Shell;
  home: string;
  /** Null while none runs. */
  server: ServerCommand | null;
  url: string;
}

let provider: Provider;
let reader: Reader;
let removeHome: () => Promise<void>;

beforeAll(async () => {
  provider = await startProvider({ models: ["gpt-4o", "gpt-4o-mini"], requireKey: providerKey, knownModelsOnly: true });
});
afterAll(() => provider?.close());
beforeEach(async () => {
  const folder = await temporaryDirectory();
  removeHome = folder.remove;
  // A clone that is installed and built. Where dist/ is not what src/ gives, the first command builds here and not under other tests.
  for (const name of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json", "scripts", "src"]) {
    cpSync(join(root, name), join(folder.path, name), { recursive: true });
  }
  for (const name of ["node_modules", "dist"]) symlinkSync(join(root, name), join(folder.path, name));
  const shell = new Shell(folder.path);
  reader = { shell, home: folder.path, server: null, url: "" };
});
afterEach(async () => {
  await reader.server?.destroy();
  await removeHome();
});

/** Runs a command that serves, on a free port in place of 8080. */
async function serve(command: string): Promise<ServerCommand> {
  reader.server = new ServerCommand(command, reader.home, { HEADGATE_PORT: "0" });
  reader.url = await reader.server.ready();
  return reader.server;
}

async function endServer(): Promise<void> {
  expect(await reader.server?.interrupt()).toBe(0);
  reader.server = null;
}

/** The administrator token that the first start printed. */
function printedToken(): string {
  return /^ {2}(sk-hg-\S+)$/m.exec(reader.server?.out ?? "")?.[1] as string;
}

/** The last of the ids in the answers so far that begin with `prefix`; of models the one that was added by hand. */
function idFromAnswers(prefix: string): string {
  const ids = reader.shell.answers.map(({ json, headers }) => (prefix === "req_" ? headers["x-request-id"] : json?.id));
  return ids.filter((id) => typeof id === "string" && id.startsWith(prefix)).at(-1) ?? "";
}

function keyFromAnswers(): string {
  return reader.shell.answers.filter(({ json }) => typeof json?.key === "string").at(-1)?.json.key ?? "";
}

/** What a reader puts in place of what a page can't know. */
const substitutions: readonly (readonly [string, () => string])[] = [
  ["http://127.0.0.1:8080", () => reader.url],
  ["https://api.openai.com", () => provider.url],
  ["export ADMIN_TOKEN=sk-hg-…", () => `export ADMIN_TOKEN=${printedToken()}`],
  ["export OPENAI_API_KEY=sk-…", () => `export OPENAI_API_KEY=${providerKey}`],
  ["export HEADGATE_KEY=sk-hg-…", () => `export HEADGATE_KEY=${keyFromAnswers()}`],
  ["Bearer sk-hg-…", () => `Bearer ${keyFromAnswers()}`],
  ['"api_key": "sk-…"', () => `"api_key": "${providerKey}"`],
  ["ep_…", () => idFromAnswers("ep_")],
  ["mdl_…", () => idFromAnswers("mdl_")],
  ["key_…", () => idFromAnswers("key_")],
  ["requests/req_…", () => `requests/${callId}`],
];

/** The `x-request-id` of the last call of a model. */
let callId = "";

function substituted(command: string): string {
  let text = command;
  for (const [placeholder, value] of substitutions) if (text.includes(placeholder)) text = text.replaceAll(placeholder, value());
  if (text.includes("…")) throw new Error(`the test knows nothing to put in place of the … in: ${text}`);
  return text;
}

/** What is expected of one command of a page. */
interface Expected {
  /** Tells the command from its neighbours. */
  has: string;
  /** Of curl's answer. Default 200; null: the command is none of curl's. */
  status?: number | null;
  shows?: (answer: ShellAnswer, result: ShellResult) => void | Promise<void>;
  /** In place of a run in the terminal: the command serves, or has a reason not to be run. */
  instead?: (command: string) => void | Promise<void>;
  /** What has to have happened. */
  before?: () => void | Promise<void>;
}

async function runCommand(command: string, expected: Expected): Promise<void> {
  await expected.before?.();
  const text = substituted(command);
  if (expected.instead !== undefined) return expected.instead(text);
  const result = await reader.shell.run(text);
  expect(result).toMatchObject({ exitCode: 0 });
  const { status = 200 } = expected;
  expect([result.answer?.status ?? null, result.answer?.text]).toEqual([status, result.answer?.text]);
  await expected.shows?.(result.answer as ShellAnswer, result);
}

const settings = (has: string): Expected => ({ has, status: null });

function showsChat({ json, headers }: ShellAnswer): void {
  expect(json.choices[0].message.content).toBe(provider.settings.text);
  callId = headers["x-request-id"] as string;
}

/** A call is in the ledger's reports soon, not at once. */
async function untilRecorded(): Promise<void> {
  const headers = { authorization: `Bearer ${printedToken()}` };
  const request = `${reader.url}/admin/api/v1/requests/${callId}`;
  const state = async () => ((await (await fetch(request, { headers })).json()) as LooseJson).state;
  await eventually(async () => (await state()) === "settled", { timeoutMs: 5000 });
}

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
    { has: "/requests?limit=5", shows: ({ json }) => expect(json.data).toMatchObject([{ id: callId, status: 200 }]) },
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
      has: "/usage?from=2026-01-01",
      shows: ({ json }) => expect(json).toMatchObject({ data: [], from: expect.any(String), to: expect.any(String) }),
    },
    { has: "/requests?status=error", shows: ({ json }) => expect(json).toEqual({ data: [], next_cursor: null }) },
    {
      has: "/requests/req_…",
      before: untilRecorded,
      shows: ({ json }) => expect(json).toMatchObject({ id: callId, attempts: [{ endpoint: "openai", status: 200 }] }),
    },
  ],
  "docs/operating.md": [
    {
      has: "backup",
      status: null,
      before: async () => void (await serve("npm start")),
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
  ],
};

function namesIn(list: { data: { id: string }[] }): string[] {
  return list.data.map(({ id }) => id);
}

/** The commands that a program printed for pasting: indented by two spaces, with their continuation lines. */
function pastedFrom(output: string): string[] {
  return [...output.matchAll(/^ {2}(curl (?:.*\\\n)*.*)$/gm)].map(([, command]) => command as string);
}

describe("every command works as a reader pastes it", () => {
  test.each(Object.keys(pages))("%s", { timeout: 120_000 }, async (name) => {
    const commands = commandsOf(readFileSync(join(root, name), "utf8"));
    const expected = pages[name] as Expected[];
    for (const [index, { text, line }] of commands.entries()) {
      const next = expected[index];
      if (next === undefined || !text.includes(next.has))
        throw new Error(`${name}:${line} is not what this test expects: ${text}`);
      try {
        await runCommand(text, next);
      } catch (cause) {
        throw new Error(`${name}:${line}: ${text}\n${(cause as Error).message}\n${reader.server?.err ?? ""}`, { cause });
      }
    }
    expect(commands).toHaveLength(expected.length);
  });

  test("what the first start prints; SIGTERM to npm alone ends it too", async () => {
    const server = await serve("npm start");
    await reader.shell.run(`export OPENAI_API_KEY=${providerKey}`);
    const statuses: (number | undefined)[] = [];
    for (const command of pastedFrom(server.out)) statuses.push((await reader.shell.run(substituted(command))).answer?.status);
    expect(statuses).toEqual([201, 201]);
    expect(await server.terminate()).toBe(0);
  });
});

function pagesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const isElsewhere = entry.name.startsWith(".") || ["node_modules", "dist", "data"].includes(entry.name);
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
    expect([name, languagesOf(text).filter((language) => !["", "sh", "yaml"].includes(language))]).toEqual([name, []]);
    expect([name, commandsOf(text).length > 0]).toEqual([name, name in pages]);
  }
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
