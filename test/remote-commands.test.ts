// The commands that ask a running Headgate: against a real one, as a process of their own for the main ones.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { Command, CommanderError } from "commander";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { remoteCommands } from "../src/cli/remote/remote-commands.ts";
import { runRemote } from "../src/cli/remote/run-remote.ts";
import type { Terminal } from "../src/cli/remote/terminal.ts";
import { temporaryDirectory } from "./support/database.ts";
import { type Headgate, startHeadgate, testAdminToken } from "./support/headgate.ts";
import { type Provider, startProvider } from "./support/provider.ts";

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url));
const providerKey = "sk-canary-of-the-provider";

let provider: Provider;
let headgate: Headgate;
let cwd: string;
let removeFolder: () => Promise<void>;

beforeAll(async () => {
  provider = await startProvider({ models: ["gpt-4o", "gpt-4o-mini"], requireKey: providerKey });
  headgate = await startHeadgate();
  ({ path: cwd, remove: removeFolder } = await temporaryDirectory());
});
afterAll(async () => {
  await headgate?.stop();
  await provider?.close();
  await removeFolder?.();
});
beforeEach(async () => {
  for (const path of ["/endpoints", "/keys"]) {
    const { data } = (await headgate.admin("GET", path)).body;
    for (const { id } of data) await headgate.admin("DELETE", `${path}/${id}`);
  }
});

interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** As a shell runs it. */
async function run(args: readonly string[], env: Record<string, string> = {}, input = ""): Promise<Ran> {
  const { PATH = "" } = process.env;
  const variables = { PATH, HEADGATE_URL: headgate.url, HEADGATE_TOKEN: testAdminToken, ...env };
  const child = spawn(process.execPath, [main, ...args], { cwd, env: variables });
  child.stdin.end(input);
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("close", resolve)),
  ]);
  return { code, out, err };
}

interface InProcess {
  env?: Record<string, string | undefined>;
  terminal?: Partial<Terminal>;
}

/** The same in this process, for what needs no shell: with a terminal of the test. */
async function inProcess(args: readonly string[], { env = {}, terminal = {} }: InProcess = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    print: (line: string) => void out.push(`${line}\n`),
    note: (line: string) => void err.push(`${line}\n`),
    env: { HEADGATE_URL: headgate.url, HEADGATE_TOKEN: testAdminToken, ...env },
    cwd,
  };
  const given: Terminal = {
    style: { width: null, colours: false },
    isInteractive: false,
    readInput: async () => "",
    ask: async () => "",
    ...terminal,
  };
  const program = new Command("headgate").exitOverride().configureOutput({ writeErr: io.note, writeOut: io.print });
  remoteCommands(
    program,
    runRemote(io, () => given),
  );
  const failure = await program.parseAsync([...args], { from: "user" }).then(
    () => null,
    (error: Error) => error,
  );
  return { out: out.join(""), err: err.join(""), failure };
}

const addOpenAi = () => headgate.addEndpoint({ name: "openai", url: `${provider.url}/v1`, api_key: providerKey });

describe("as a process", { timeout: 90_000 }, () => {
  test("an endpoint from validation to removal; its key goes through standard input and is shown nowhere", async () => {
    const url = `${provider.url}/v1`;
    const refused = await run(["endpoints", "validate", url]);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toMatch(/^headgate: auth: /);
    const valid = await run(["endpoints", "validate", url, "--api-key-stdin"], {}, `${providerKey}\n`);
    expect(valid).toMatchObject({ code: 0, err: "" });
    expect(valid.out).toMatch(/^models +gpt-4o\n +gpt-4o-mini$/m);

    const added = await run(
      ["endpoints", "add", "openai", url, "--api-key-stdin", "--model", "gpt-4o", "--alias", "gpt-4o=chat"],
      {},
      providerKey,
    );
    expect(added.code).toBe(0);
    expect(added.out).toMatch(/^models +1 active, /m);
    const list = await run(["endpoints", "list"]);
    expect(list.out).toMatch(/^NAME +STATUS +MODELS/);
    expect(list.out).toMatch(/^openai +active +1 +(now|\d+s ago) +ok +admin /m);
    const model = JSON.parse((await run(["models", "show", "chat", "--json"])).out);
    expect(model).toEqual((await headgate.admin("GET", `/models/${model.id}`)).body);
    expect((await run(["models", "show", "chat"])).out).toMatch(/^openai +gpt-4o +active/m);

    const sync = await run(["endpoints", "sync", "openai", "--dry-run"]);
    expect(sync).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^skipped +gpt-4o-mini +\S.*\nok: 1 skipped, 1 unchanged\n$/m),
    });
    expect(await run(["endpoints", "remove", "openai"])).toMatchObject({ code: 2, out: "" });
    expect((await run(["endpoints", "remove", "openai", "--yes"])).code).toBe(0);
    expect((await run(["endpoints", "list", "--json"])).out).toBe('{"data":[]}\n');
    for (const { out, err } of [refused, valid, added]) expect(out + err).not.toContain(providerKey);
  });

  test("a key: the secret alone on standard output; rotated, the old one overlaps; deleted, it is gone", async () => {
    const created = await run(["keys", "create", "ci", "--model", "gpt-*", "--scope", "inference", "--expires", "30d"]);
    expect(created).toMatchObject({ code: 0, out: expect.stringMatching(/^sk-hg-\S+\n$/) });
    expect(created.err).toMatch(/^Key ci \(key_\S+\) is made\./);
    const [key] = (await headgate.admin("GET", "/keys")).body.data;
    expect(key).toMatchObject({ name: "ci", models: ["gpt-*"], scopes: ["inference"] });
    expect(Date.parse(key.expires_at) - Date.parse(key.created_at)).toBeGreaterThan(29.9 * 86_400_000);

    const rotated = await run(["keys", "rotate", "ci", "--overlap", "1h"]);
    expect(rotated).toMatchObject({ code: 0, out: expect.stringMatching(/^sk-hg-\S+\n$/) });
    const statusWith = async (out: string) =>
      (await fetch(`${headgate.url}/v1/models`, { headers: { authorization: `Bearer ${out.trim()}` } })).status;
    expect([await statusWith(created.out), await statusWith(rotated.out)]).toEqual([200, 200]);
    expect((await run(["keys", "delete", key.id, "--yes"])).code).toBe(0);
    expect(await statusWith(rotated.out)).toBe(401);
  });

  test("usage by model, as a table and as JSON", async () => {
    await addOpenAi();
    const key = await headgate.createKey();
    const call = await fetch(`${headgate.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] }),
    });
    expect(call.status).toBe(200);
    await call.text();
    await expect.poll(async () => (await headgate.admin("GET", "/usage")).body.data.length, { timeout: 10_000 }).toBe(1);
    const table = await run(["usage", "--from", "1d", "--by", "model,key"]);
    expect(table.out).toMatch(/^MODEL +KEY +REQUESTS +ERRORS +INPUT +CACHED +OUTPUT +COST \(USD\)\ngpt-4o +test +1 +0 /);
    // Asked before and after: from one hour to the next its times are others.
    const fromApi = async () => (await headgate.admin("GET", "/usage?group_by=model")).body;
    const before = await fromApi();
    const json = JSON.parse((await run(["usage", "--by", "model", "--json"])).out);
    expect([before, await fromApi()]).toContainEqual(json);
    expect(await run(["usage", "--by", "colour"])).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^headgate: group_by: /),
    });
  });

  test("wrong use has exit code 2, help 0", async () => {
    expect((await run(["keys", "create"])).code).toBe(2);
    expect((await run(["keys", "list", "--colour"])).code).toBe(2);
    expect((await run(["keys", "list", "--url", "ftp://nowhere"])).code).toBe(2);
    expect((await run(["keys", "list"], { HEADGATE_TOKEN: "" })).code).toBe(2);
    expect((await run(["keys", "create", "--help"])).code).toBe(0);
  });

  test("what reads the list may stop reading", async () => {
    for (let index = 0; index < 50; index += 1) await headgate.createKey({ name: `key-${index}` });
    const child = spawn("bash", ["-c", `set -o pipefail; "${process.execPath}" "${main}" keys list | head -1`], {
      cwd,
      env: { ...process.env, HEADGATE_URL: headgate.url, HEADGATE_TOKEN: testAdminToken },
    });
    const closed = new Promise((resolve) => child.once("close", resolve));
    expect([await text(child.stderr), await closed]).toEqual(["", 0]);
  });
});

test("prices: what was set, what nobody knows", async () => {
  await addOpenAi();
  const body = { input_usd_per_million: 0.15, output_usd_per_million: 0.6, cached_input_usd_per_million: 0.075 };
  await headgate.admin("PUT", "/prices/gpt-4o-mini", body);
  const { out } = await inProcess(["prices"]);
  expect(out).toMatch(/^MODEL +PRICE +SOURCE +INPUT \(\$\/M\) +CACHED +OUTPUT \(\$\/M\)\n/);
  expect(out).toMatch(/^gpt-4o +unpriced +- +- +- +-$/m);
  expect(out).toMatch(/^gpt-4o-mini +override +override +0\.15 +0\.075 +0\.6$/m);
  expect((await inProcess(["prices", "--status", "unpriced", "--search", "mini"])).err).toBe("There are no such models.\n");
  const json = JSON.parse((await inProcess(["prices", "--json"])).out);
  expect(json.data).toEqual((await headgate.admin("GET", "/prices")).body.data);
  await headgate.admin("DELETE", "/prices/gpt-4o-mini");
});

describe("names", () => {
  test("one that several keys have is refused, and they are told apart by their ids", async () => {
    const ids: string[] = [];
    for (let index = 0; index < 2; index += 1) ids.push((await headgate.admin("POST", "/keys", { name: "ci" })).body.id);
    await headgate.createKey({ name: "ci-2" });
    const { failure, out } = await inProcess(["keys", "rotate", "ci"]);
    expect(out).toBe("");
    expect(failure?.message).toMatch(/^There are 2 keys with the name ci\. Name one by its id:/);
    for (const id of ids) expect(failure?.message).toContain(`  ${id}  sk-hg-`);
    expect((await inProcess(["keys", "rotate", ids[0] as string])).failure).toBeNull();
  });

  test("one that nothing has", async () => {
    expect((await inProcess(["endpoints", "show", "ep_none"])).failure?.message).toBe(
      "There is no endpoint with the name or id ep_none.",
    );
  });

  test("a key's owner by e-mail address, its group by name", async () => {
    const user = (await headgate.admin("POST", "/users", { name: "Ada", email: "ada@example.org" })).body;
    const group = (await headgate.admin("POST", "/groups", { name: "chemistry" })).body;
    await headgate.admin("PUT", `/groups/${group.id}/members/${user.id}`);
    const { out, failure } = await inProcess([
      "keys",
      "create",
      "hers",
      "--user",
      "ada@example.org",
      "--group",
      "chemistry",
      "--json",
    ]);
    expect(failure).toBeNull();
    expect(JSON.parse(out)).toMatchObject({ user_id: user.id, group_id: group.id, key: expect.any(String) });
  });

  test("a list holds all pages", async () => {
    for (let index = 0; index < 3; index += 1) await headgate.createKey({ name: `key-${index}` });
    const all = (await headgate.admin("GET", "/keys")).body.data;
    const { out } = await inProcess(["keys", "list", "--json"]);
    expect(JSON.parse(out)).toEqual({ data: all });
  });

  test("a search finds what the API's search finds", async () => {
    for (const name of ["alpha", "beta", "ALPHABET"]) await headgate.createKey({ name });
    const { out } = await inProcess(["keys", "list", "--search", "alpha", "--json"]);
    expect(JSON.parse(out).data.map(({ name }: { name: string }) => name)).toEqual(["ALPHABET", "alpha"]);
  });
});

describe("what fails says what to do", () => {
  test("nothing answers there", async () => {
    const { failure } = await inProcess(["keys", "list"], { env: { HEADGATE_URL: "http://127.0.0.1:9" } });
    expect(failure?.message).toMatch(
      /^Nothing answers at http:\/\/127\.0\.0\.1:9: the connection was refused\. .*--url or HEADGATE_URL/,
    );
  });

  test("something else answers there", async () => {
    const elsewhere = await inProcess(["keys", "list"], { env: { HEADGATE_URL: provider.url } });
    expect(elsewhere.failure?.message).toMatch(/Is it the URL of Headgate\?/);
  });

  test("a token that is not known names the variable or the file it came from, and never itself", async () => {
    const fromVariable = await inProcess(["keys", "list"], { env: { HEADGATE_TOKEN: "canary-token" } });
    expect(fromVariable.failure?.message).toMatch(/The token came from HEADGATE_TOKEN; .* \(invalid_key\)/);
    const fallback = await inProcess(["keys", "list"], {
      env: { HEADGATE_TOKEN: undefined, HEADGATE_ADMIN_TOKEN: "canary-token" },
    });
    expect(fallback.failure?.message).toContain("HEADGATE_ADMIN_TOKEN");
    const path = join(cwd, "wrong-token");
    writeFileSync(path, "canary-token\n");
    const fromFile = await inProcess(["keys", "list", "--token-file", path]);
    expect(fromFile.failure?.message).toContain(path);
    for (const { failure } of [fromVariable, fallback, fromFile]) expect(failure?.message).not.toContain("canary");
  });

  test("no token at all names both variables and the option", async () => {
    const { failure } = await inProcess(["keys", "list"], { env: { HEADGATE_TOKEN: undefined } });
    expect(failure).toMatchObject({
      name: "WrongUse",
      message: expect.stringMatching(/HEADGATE_TOKEN .*HEADGATE_ADMIN_TOKEN.*--token-file/),
    });
  });

  test("a token on the command line is not taken", async () => {
    const { failure } = await inProcess(["keys", "list", "--token", "canary-token"]);
    expect(failure).toBeInstanceOf(CommanderError);
  });

  test("a refusal is the API's own message, with every conflict", async () => {
    await headgate.admin("POST", "/endpoints", { name: "base", url: `${provider.url}/v1`, api_key: providerKey });
    const args = ["endpoints", "add", "openai", `${provider.url}/v1`, "--model", "gpt-4o", "--model", "gpt-4o-mini"];
    const { failure } = await inProcess([...args, "--alias", "gpt-4o=chat", "--alias", "gpt-4o-mini=chat"]);
    expect(failure?.message.split("\n").filter((line) => line.startsWith("  - "))).toEqual([
      expect.stringMatching(/^ {2}- gpt-4o → chat: /),
      expect.stringMatching(/^ {2}- gpt-4o-mini → chat: /),
    ]);
    expect((await inProcess(["endpoints", "add", "no spaces", "http://127.0.0.1:9"])).failure?.message).toMatch(
      /^name: must be /,
    );
  });

  test("an endpoint whose provider can't be reached is registered, and said to be without models", async () => {
    const { out, err, failure } = await inProcess(["endpoints", "add", "away", "http://127.0.0.1:9"]);
    expect(failure).toBeNull();
    expect(out).toMatch(/^last sync +\S+( ago)?, failed, connect: /m);
    expect(err).toContain("headgate endpoints sync away");
    expect((await inProcess(["endpoints", "sync", "away"])).failure?.message).toMatch(/^connect: /);
  });
});

describe("where the server and the token are read", () => {
  test("the configuration here says where Headgate listens, and its .env the token", async () => {
    const { path, remove } = await temporaryDirectory();
    const { port } = new URL(headgate.url);
    writeFileSync(join(path, "headgate.yaml"), `server: { port: ${port}, host: 0.0.0.0 }\n`);
    writeFileSync(join(path, ".env"), `HEADGATE_ADMIN_TOKEN=${testAdminToken}\n`);
    const { failure } = await inProcess(["keys", "list", "--config", join(path, "headgate.yaml")], {
      env: { HEADGATE_URL: undefined, HEADGATE_TOKEN: undefined },
    });
    expect(failure).toBeNull();
    await remove();
  });

  test("with a URL, what is wrong with the configuration here does not matter", async () => {
    const { path, remove } = await temporaryDirectory();
    writeFileSync(join(path, "headgate.yaml"), "server: { prot: 1 }\n");
    const config = ["--config", join(path, "headgate.yaml")];
    expect((await inProcess(["keys", "list", ...config])).failure).toBeNull();
    const { failure } = await inProcess(["keys", "list", ...config], { env: { HEADGATE_URL: undefined } });
    expect(failure?.message).toContain("server.prot");
    await remove();
  });

  test("the URL may be that of the API, and end in a slash", async () => {
    for (const url of [`${headgate.url}/`, `${headgate.url}/admin/api/v1/`])
      expect((await inProcess(["keys", "list", "--url", url])).failure).toBeNull();
  });
});

describe("in a terminal", () => {
  test("tables fit it, and colours are there", async () => {
    await addOpenAi();
    await headgate.createKey({ name: `a-key-with-a-very-long-name-${"x".repeat(60)}` });
    for (const args of [
      ["keys", "list"],
      ["endpoints", "list"],
    ]) {
      const { out } = await inProcess(args, { terminal: { style: { width: 100, colours: true } } });
      expect(out).toContain("\u001b[1m");
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are made of them
      const lines = out.replace(/\u001b\[\d+m/g, "").split("\n");
      expect(lines.filter((line) => line.length > 100)).toEqual([]);
      expect(out).toContain("…");
    }
  });

  test("a name can't steer the terminal", async () => {
    const model = "gpt\u202e4";
    await headgate.addEndpoint({ name: "odd", url: `${provider.url}/v1`, models: [model], sync: false });
    const { out } = await inProcess(["models", "list"]);
    expect(out).toContain("gpt·4");
  });

  test("what can't be undone is asked about first", async () => {
    const { id } = await addOpenAi();
    const asked: string[] = [];
    const answering = (answer: string) => ({
      terminal: {
        isInteractive: true,
        async ask(question: string) {
          asked.push(question);
          return answer;
        },
      },
    });
    const refused = await inProcess(["endpoints", "remove", "openai"], answering("n"));
    expect(refused.failure?.message).toBe("Nothing was changed.");
    expect(asked).toEqual([`Endpoint openai (${id}) goes, with its 2 models. Go on? [y/N] `]);
    expect((await inProcess(["endpoints", "remove", "openai"], answering("y"))).failure).toBeNull();
    expect((await headgate.admin("GET", `/endpoints/${id}`)).status).toBe(404);
  });
});
