// The program as people start and stop it: what it prints, its exit codes, what signals do.
import { readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CommandProcess } from "./support/command-process.ts";
import { temporaryDirectory } from "./support/database.ts";
import { freePort } from "./support/own-port.ts";
import { type Provider, startProvider } from "./support/provider.ts";

let cwd: string;
let provider: Provider;
let removeFolder: () => Promise<void>;
/** For the one Headgate that serves: with port 0, its workers would listen a while after a free one was found, which may be taken by then. */
let port: string;
const processes: CommandProcess[] = [];

beforeEach(async () => {
  const folder = await temporaryDirectory();
  cwd = folder.path;
  removeFolder = folder.remove;
  provider = await startProvider();
  port = String(await freePort());
});

afterEach(async () => {
  for (const headgate of processes.splice(0)) await headgate.destroy();
  await provider.close();
  await removeFolder();
});

function run(args: string[], env: Record<string, string> = {}): CommandProcess {
  const headgate = new CommandProcess(args, { cwd, env });
  processes.push(headgate);
  return headgate;
}

function writeConfig(): void {
  const model = provider.models[0] as string;
  writeFileSync(
    join(cwd, "headgate.yaml"),
    `server: { port: ${port} }
endpoints: [{ name: one, url: "${provider.url}/v1", api_key: sk-canary-provider, aliases: { "${model}": chat } }]
keys: [{ name: ci, key: canary-seeded-key }]
`,
  );
}

/** A streamed chat that the provider holds open until `finish`. */
async function openStream(url: string): Promise<{ finish(): void; text: Promise<string> }> {
  let finish = () => {};
  const held = new Promise<void>((resolve) => {
    finish = resolve;
  });
  provider.on("/v1/chat/completions", async (_request, usual) => {
    await held;
    return usual();
  });
  const response = fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: "Bearer canary-seeded-key", "content-type": "application/json" },
    body: JSON.stringify({ model: "chat", stream: true, messages: [{ role: "user", content: "Hello" }] }),
  });
  const text = response.then((answer) => answer.text());
  text.catch(() => {});
  await provider.waitForRequest({ at: "head" });
  return { finish, text };
}

describe("headgate start", { timeout: 90_000 }, () => {
  test("the first start prints an administrator token that works and a command to go on with; the second only the link that makes an account", async () => {
    const env = { HEADGATE_PORT: port };
    const first = run(["start"], env);
    const url = await first.ready();
    const token = /^ {2}(sk-hg-\S+)$/m.exec(first.out)?.[1];
    const whoami = await fetch(`${url}/admin/api/v1/whoami`, { headers: { authorization: `Bearer ${token}` } });
    expect(whoami.status).toBe(200);
    expect(first.out).toContain(`curl ${url}/admin/api/v1/endpoints`);
    first.signal("SIGTERM");
    expect(await first.exited).toBe(0);
    expect(first.err).not.toContain(token);
    const secretOf = (out: string) => /^ {2}http:\S+\/dashboard\/setup#([\w-]{43})$/m.exec(out)?.[1] as string;
    expect(first.out).toContain(`\n  ${url}/dashboard/setup#${secretOf(first.out)}\n`);

    const second = run(["start"], env);
    const secondUrl = await second.ready();
    expect(secretOf(second.out)).not.toBe(secretOf(first.out));
    expect(second.out.trim().split("\n")).toHaveLength(5);
    const account = { name: "Ada", email: "ada@example.org", password: "a password of the test" };
    const setUp = async (secret: string) => {
      const headers = { "content-type": "application/json" };
      const body = JSON.stringify({ secret, ...account });
      return (await fetch(`${secondUrl}/admin/api/v1/setup`, { method: "POST", headers, body })).status;
    };
    expect([await setUp(secretOf(first.out)), await setUp(secretOf(second.out))]).toEqual([410, 201]);
    for (const out of [first.out, second.out]) expect(first.err + second.err).not.toContain(secretOf(out));
  });

  test.each(["SIGTERM", "SIGINT"] as const)(
    "%s: new work is refused, a stream in flight ends whole, exit code 0",
    async (signal) => {
      writeConfig();
      const headgate = run(["start"]);
      const url = await headgate.ready();
      const stream = await openStream(url);
      headgate.signal(signal);
      await expect
        .poll(async () => (await fetch(`${url}/readyz`).catch(() => null))?.status ?? 503, { timeout: 10_000 })
        .toBe(503);
      expect(headgate.child.exitCode).toBeNull();
      stream.finish();
      expect(await stream.text).toContain("data: [DONE]");
      expect(await headgate.exited).toBe(0);
      const lines = headgate.err.trim().split("\n");
      expect(lines.map((line) => JSON.parse(line).message)).toContain("draining");
      expect(headgate.err + headgate.out).not.toContain("canary");
    },
  );

  test("a second signal ends it at once, with exit code 1", async () => {
    writeConfig();
    const headgate = run(["start"]);
    await openStream(await headgate.ready());
    headgate.signal("SIGTERM");
    await expect.poll(() => headgate.err, { timeout: 10_000 }).toContain("draining");
    headgate.signal("SIGTERM");
    expect(await headgate.exited).toBe(1);
  });
});

describe("what keeps it from starting is told in a line, with exit code 1 and without a stack", { timeout: 90_000 }, () => {
  async function failure(headgate: CommandProcess): Promise<string> {
    expect(await headgate.exited).toBe(1);
    expect(headgate.out).toBe("");
    const told = headgate.err.split("\n").filter((line) => line !== "" && !line.startsWith("{"));
    expect(told.join("\n")).not.toMatch(/\n +at /);
    return told.join("\n");
  }

  test("a configuration that is wrong", async () => {
    writeFileSync(join(cwd, "headgate.yaml"), "server: { prot: 1 }\n");
    expect(await failure(run(["start"]))).toMatch(/^headgate: .*server\.prot: unknown key; .*server\.port$/);
  });

  test("a port that is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { port: taken } = server.address() as AddressInfo;
    expect(await failure(run(["start", "--port", String(taken)]))).toMatch(`headgate: Port ${taken} is in use`);
    server.close();
  });

  test("a data directory that another Headgate holds", async () => {
    await run(["start", "--port", port]).ready();
    expect(await failure(run(["start", "--port", "0"]))).toMatch(/^headgate: The data directory .* is in use/);
  });

  test("PostgreSQL that can't be reached, or without a secret key; the password stays unseen", async () => {
    const env = { HEADGATE_DATABASE_URL: "postgres://me:canary@127.0.0.1:9/headgate" };
    expect(await failure(run(["start", "--port", "0"], env))).toMatch(/HEADGATE_SECRET_KEY is required with PostgreSQL/);
    const headgate = run(["start", "--port", "0"], { ...env, HEADGATE_SECRET_KEY: "0123456789abcdef0123456789abcdef" });
    expect(await failure(headgate)).toMatch(/^headgate: The database can't be reached/);
    expect(headgate.err).not.toContain("canary");
  });

  test("a secret key that does not fit the database", async () => {
    const first = run(["start", "--port", port]);
    await first.ready();
    first.signal("SIGTERM");
    await first.exited;
    const env = { HEADGATE_SECRET_KEY: "0123456789abcdef0123456789abcdef" };
    expect(await failure(run(["start", "--port", "0"], env))).toMatch(/^headgate: The secret key does not fit this database/);
  });
});

describe("headgate demo", { timeout: 90_000 }, () => {
  test("every command that it prints works as pasted, and nothing is left behind", async () => {
    const headgate = run(["demo", "--port", port], { HEADGATE_DATABASE_URL: "postgres://must-not-be-used", TMPDIR: cwd });
    await headgate.ready();
    const commands = [...headgate.out.matchAll(/^ {2}(curl (?:.*\\\n)?.*)$/gm)].map((match) => match[1] as string);
    expect(commands).toHaveLength(4);
    const answers: string[] = [];
    for (const command of commands) answers.push(await perform(command));
    expect(answers[0]).toContain('"object":"chat.completion"');
    expect(answers[1]).toContain("data: [DONE]");
    expect(answers[2]).toContain('"type":"message"');
    expect(answers[3]).toContain('"data"');
    headgate.signal("SIGINT");
    expect(await headgate.exited).toBe(0);
    expect(readdirSync(cwd)).toEqual([]);
  });
});

/** Does what the printed curl command does, without needing curl on this machine. */
async function perform(command: string): Promise<string> {
  const url = /\bhttp:\S+/.exec(command)?.[0] as string;
  const headers = [...command.matchAll(/-H '([^:']+): ([^']+)'/g)].map((match) => [match[1], match[2]] as [string, string]);
  const body = /-d '([^']+)'/.exec(command)?.[1];
  const response = await fetch(url, { headers, ...(body === undefined ? {} : { method: "POST", body }) });
  expect(response.status).toBe(200);
  return response.text();
}

describe("headgate --help and --version", () => {
  test("name the commands and the version, with exit code 0; an unknown command has 2", async () => {
    const help = run(["--help"]);
    expect(await help.exited).toBe(0);
    const ofServer = ["start", "check", "demo", "admin", "backup", "rotate-secret"];
    for (const name of [...ofServer, "endpoints", "models", "keys", "usage"]) expect(help.out).toContain(`  ${name}`);
    const version = run(["--version"]);
    expect(await version.exited).toBe(0);
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const unknown = run(["strat"]);
    expect(await unknown.exited).toBe(2);
    expect(unknown.err).toMatch(/strat/);
  });
});
