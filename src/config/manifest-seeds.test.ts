// Manifests in the file and in the environment: what they may look like, where credentials go, and that no message shows one.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import type { Secret } from "../core/secret.ts";
import { ConfigFolder, type Variables } from "./fixtures/config-folder.ts";

const url = "https://status.example.org/status.json";

function exposed(secrets: ReadonlyMap<string, Secret> | Readonly<Record<string, Secret>>): Record<string, string> {
  const entries = secrets instanceof Map ? [...secrets] : Object.entries(secrets as Record<string, Secret>);
  return Object.fromEntries(entries.map(([name, secret]) => [name, secret.expose()]));
}

/** The tokens that METIS_API_TOKENS gives, from the environment or from a `.env` file. */
function tokensOf(env: Variables, envFile?: string): Record<string, string> {
  const folder = new ConfigFolder();
  if (envFile !== undefined) folder.write(".env", envFile);
  const { config, warnings } = folder.load({ METIS_STATUS_URL: url, ...env });
  expect(warnings).toEqual([]);
  return exposed(config.manifests[0]?.tokens ?? new Map());
}

describe("METIS_STATUS_URL", () => {
  test("makes a manifest named metis, without a config file", () => {
    const { config, warnings } = new ConfigFolder().load({ METIS_STATUS_URL: `"${url}"` });
    expect(config.manifests).toEqual([
      { name: "metis", url, origin: "environment", intervalMs: 30_000, headers: {}, allowedHosts: [], tokens: new Map() },
    ]);
    expect(warnings).toEqual([]);
  });

  test("user and password in it become a header, and leave the URL", () => {
    const env = { METIS_STATUS_URL: "https://me:canary%40%C3%A9@status.example.org/status.json?v=1" };
    const manifest = new ConfigFolder().load(env).config.manifests[0];
    expect(manifest?.url).toBe("https://status.example.org/status.json?v=1");
    const expected = `Basic ${Buffer.from("me:canary@é").toString("base64")}`;
    expect(exposed(manifest?.headers ?? {})).toEqual({ authorization: expected });
  });

  test("may be a file: absolute, or relative to the config file's or the working directory", () => {
    const folder = new ConfigFolder();
    const urlOf = (location: string) => folder.load({ METIS_STATUS_URL: location }).config.manifests[0]?.url;
    const here = join(folder.path, "status.json");
    expect(urlOf("status.json")).toBe(here);
    expect(urlOf("./x/../status.json")).toBe(here);
    expect(urlOf("file:status.json")).toBe(here);
    expect(urlOf(here)).toBe(here);
    expect(urlOf(pathToFileURL(here).href)).toBe(here);
    expect(urlOf("with:colon.json")).toBe(join(folder.path, "with:colon.json"));

    const elsewhere = new ConfigFolder("");
    const env = { METIS_STATUS_URL: "status.json", HEADGATE_CONFIG: join(elsewhere.path, "headgate.yaml") };
    expect(folder.load(env).config.manifests[0]?.url).toBe(join(elsewhere.path, "status.json"));
  });

  test.each([
    ["ftp://canary@status.example.org/x", "must begin with http:// or https://, or be the path of a file"],
    ["http:canary", "must begin with http:// or https://, or be the path of a file"],
    ["https://me:canary%@status.example.org/", "has a user name or password with a '%' in it that must be written '%25'"],
    ["https://me:canary@/", "is not a URL"],
    ["https://status.example.org/#canary", "must not contain a fragment ('#')"],
    ["file://canary.example/status.json", "must be a file: URL of this machine"],
  ])("%s is refused", (location, problem) => {
    expect(new ConfigFolder().problems({ METIS_STATUS_URL: location })).toEqual([`METIS_STATUS_URL: ${problem}`]);
  });

  test.each([
    ["http://status.example.org/x", true],
    ["http://me:canary@1.2.3.4:8000/", true],
    ["http://[2606:4700::1111]/", true],
    ["http://127.0.0.1:9/x", false],
    ["http://10.1.2.3/x", false],
    ["http://[::1]/x", false],
    ["http://[::ffff:192.168.0.1]/x", false],
    ["http://localhost:9/x", false],
    ["http://status/x", false],
    ["http://status.prod.svc.internal/x", false],
    ["https://status.example.org/x", false],
  ])("plain http to a public host earns a warning: %s", (location, warns) => {
    const { warnings } = new ConfigFolder().load({ METIS_STATUS_URL: location });
    expect(warnings).toHaveLength(warns ? 1 : 0);
    if (warns) expect(warnings[0]).toMatch(/^METIS_STATUS_URL: plain http to /);
  });

  test("beside an entry of the file with its name, both places are named", () => {
    const folder = new ConfigFolder(`manifests: [{ name: other, url: "${url}" }, { name: metis, url: "${url}" }]\n`);
    expect(folder.problems({ METIS_STATUS_URL: url })).toEqual([
      "METIS_STATUS_URL: makes a manifest named metis, and manifests[1] of the file has that name too; keep one of them",
    ]);
    expect(folder.load().config.manifests.map(({ name }) => name)).toEqual(["other", "metis"]);
  });

  test("its companions alone earn a warning each", () => {
    const env = {
      METIS_API_TOKENS: '{"a": "canary"}',
      HEADGATE_MANIFEST_HEADERS: '{"authorization": "canary"}',
      HEADGATE_MANIFEST_INTERVAL: "10s",
    };
    const { config, warnings } = new ConfigFolder().load(env);
    expect(config.manifests).toEqual([]);
    expect(warnings).toEqual(Object.keys(env).map((name) => `${name} is set, but does nothing without METIS_STATUS_URL`));
  });
});

describe("METIS_API_TOKENS", () => {
  const expected = { "openai-production": "sk-proj-canary", "anthropic-production": "sk-ant-canary" };
  const json = JSON.stringify(expected);
  const lines = JSON.stringify(expected, null, 2);

  test.each([
    [
      "as the guide has it",
      `METIS_API_TOKENS='{"openai-production": "sk-proj-canary", "anthropic-production": "sk-ant-canary"}'\n`,
    ],
    ["without quotes", `METIS_API_TOKENS=${json}\n`],
    ["in double quotes", `METIS_API_TOKENS="${json}"\n`],
    ["in double quotes, its own escaped", `METIS_API_TOKENS="${json.replaceAll('"', '\\"')}"\n`],
    ["over several lines", `METIS_API_TOKENS='${lines}'\nHEADGATE_PORT=1\n`],
    ["with Windows line ends", `METIS_API_TOKENS='${lines}'\nHEADGATE_PORT=1\n`.replaceAll("\n", "\r\n")],
  ])("is read from a .env file: %s", (_, envFile) => {
    expect(tokensOf({}, envFile)).toEqual(expected);
  });

  test.each([
    ["bare", json],
    ["with single quotes left over", `'${json}'`],
    ["with double quotes left over", `"${json}"`],
    ["with escapes left over", `"${json.replaceAll('"', '\\"')}"`],
    ["over several lines", ` ${lines}\n`],
  ])("is read from the environment: %s", (_, value) => {
    expect(tokensOf({ METIS_API_TOKENS: value })).toEqual(expected);
  });

  test("names that objects have by themselves are names like others", () => {
    const value = '{"__proto__": "canary-1", "constructor": "canary-2"}';
    const { config } = new ConfigFolder().load({ METIS_STATUS_URL: url, METIS_API_TOKENS: value });
    expect([...(config.manifests[0]?.tokens.keys() ?? [])]).toEqual(["__proto__", "constructor"]);
  });

  const notJson = "must be a JSON object of endpoint_id to key, but it is not JSON (in a .env file, put single quotes around it)";
  test.each([
    ["{", notJson],
    ['{"a": "canary"', notJson],
    ['{"a": "canary", }', notJson],
    ["{'a': 'canary'}", notJson],
    ["sk-canary", notJson],
    ['["canary"]', "must be a JSON object of endpoint_id to key"],
    ["null", "must be a JSON object of endpoint_id to key"],
    ["12", "must be a JSON object of endpoint_id to key"],
    ['{"a": "canary", "b": ""}', "the key of 'b' must not be empty"],
    ['{"a": "canary", "b": null}', "the key of 'b' must be text"],
    ['{"a": "canary", "b": ["canary"]}', "the key of 'b' must be text"],
    ['{"a": " canary"}', "the key of 'a' must not begin or end with a space"],
    ['{"a": "canary\\nx"}', "the key of 'a' must not contain newlines or other control characters"],
    ['{"a": "sk-proj-canary…"}', "the key of 'a' must be ASCII"],
    ['{"": "canary"}', "its member 1 has an empty endpoint_id"],
    ['{"a": "canary", "a": "canary"}', "'a' is there twice"],
    ['{"b": "canary", "a": "canary", "\\u0061": "canary"}', "'a' is there twice"],
    // key and endpoint_id the wrong way round
    ['{"sk-canary": 1}', "the key of its member 1 must be text"],
    [`{"${"canary".repeat(20)}": 1}`, "the key of its member 1 must be text"],
  ])("wrong, it stops the start without a piece of it: %s", (value, problem) => {
    const line = `METIS_API_TOKENS: ${problem}`;
    expect(new ConfigFolder().problems({ METIS_STATUS_URL: url, METIS_API_TOKENS: value })).toEqual([line]);
    expect(new ConfigFolder().problems({ METIS_API_TOKENS: value })).toEqual([line]);
  });
});

describe("HEADGATE_MANIFEST_HEADERS and HEADGATE_MANIFEST_INTERVAL", () => {
  test("go with every fetch, names in lower case", () => {
    const env = {
      METIS_STATUS_URL: url,
      HEADGATE_MANIFEST_HEADERS: '{"Authorization": "Bearer canary", "X-Team": "canary"}',
      HEADGATE_MANIFEST_INTERVAL: "5m",
    };
    const manifest = new ConfigFolder().load(env).config.manifests[0];
    expect(exposed(manifest?.headers ?? {})).toEqual({ authorization: "Bearer canary", "x-team": "canary" });
    expect(manifest?.intervalMs).toBe(300_000);
  });

  test.each([
    ['{"a": 1}', "the value of 'a' must be text"],
    ['{"a": ""}', "the value of 'a' must not be empty"],
    ['{"a": "canary\\r\\nx: y"}', "the value of 'a' must not contain newlines, control characters or characters outside Latin-1"],
    ['{"canary: x": "canary"}', /^the name of header 1 must be a header name/],
    ['{"Host": "canary"}', "header 'host' is not for you to set"],
    ['{"If-None-Match": "canary"}', "header 'if-none-match' is set by Headgate itself"],
    ['{"x": "canary", "X": "canary"}', "header 'x' is there twice"],
    ["Bearer canary", /it is not JSON/],
  ])("headers that can't be sent are refused: %s", (value, problem) => {
    const [line, ...others] = new ConfigFolder().problems({ METIS_STATUS_URL: url, HEADGATE_MANIFEST_HEADERS: value });
    expect(others).toEqual([]);
    expect(line?.startsWith("HEADGATE_MANIFEST_HEADERS: ")).toBe(true);
    if (typeof problem === "string") expect(line).toBe(`HEADGATE_MANIFEST_HEADERS: ${problem}`);
    else expect(line?.slice("HEADGATE_MANIFEST_HEADERS: ".length)).toMatch(problem);
  });

  test("two authorizations are one too many", () => {
    const env = {
      METIS_STATUS_URL: "https://me:canary@status.example.org/",
      HEADGATE_MANIFEST_HEADERS: '{"AUTHORIZATION": "canary"}',
    };
    expect(new ConfigFolder().problems(env).join()).toMatch(
      /^METIS_STATUS_URL: has a user name or password in it, and the headers/,
    );
  });

  test.each(["0", "999ms", "61m", "30", "soon"])("an interval of %s is refused", (value) => {
    const lines = new ConfigFolder().problems({ METIS_STATUS_URL: url, HEADGATE_MANIFEST_INTERVAL: value });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^HEADGATE_MANIFEST_INTERVAL: must be /);
  });
});

describe("manifests of the file", () => {
  test("come out parsed", () => {
    const folder = new ConfigFolder(`manifests:
  - name: metis
    url: http://me:canary@127.0.0.1/status.json
    interval: 1m
    headers: { X-Team: canary }
    allowed_hosts: [API.openai.com, 10.0.0.1, "[::1]"]
    tokens: { openai-production: "\${OPENAI_API_KEY}", another one: canary-2 }
  - { name: files, url: sub/status.json }
`);
    const { config, warnings } = folder.load({ OPENAI_API_KEY: "canary-1" });
    const [metis, files] = config.manifests;
    expect(metis).toMatchObject({
      name: "metis",
      url: "http://127.0.0.1/status.json",
      origin: "config",
      intervalMs: 60_000,
      allowedHosts: ["api.openai.com", "10.0.0.1", "[::1]"],
    });
    const authorization = `Basic ${Buffer.from("me:canary").toString("base64")}`;
    expect(exposed(metis?.headers ?? {})).toEqual({ "x-team": "canary", authorization });
    expect(exposed(metis?.tokens ?? new Map())).toEqual({ "openai-production": "canary-1", "another one": "canary-2" });
    expect(files).toMatchObject({ url: join(folder.path, "sub/status.json"), intervalMs: 30_000, headers: {} });
    expect(warnings).toEqual([]);
  });

  test("all that is wrong is told with its path", () => {
    const folder = new ConfigFolder(`manifests:
  - { name: a/b, url: "ftp://canary.example", interval: 1d, allowed_hosts: ["https://api.openai.com", "*.openai.com", "a:443", ""] }
  - { name: a, url: "", headers: { host: canary, x: "" }, tokens: { one: "", two: 2, three: "\${MISSING}" } }
  - { name: a, url: "https://canary.example", token: {} }
`);
    const notHost = "must be a host name or address without port or path, such as api.openai.com";
    expect(folder.problems()).toEqual([
      "manifests[1].tokens.three: the environment variable MISSING is not set",
      "manifests[0].name: must be 1 to 64 letters, digits, '.', '_' or '-'",
      "manifests[0].url: must begin with http:// or https://, or be the path of a file",
      "manifests[0].interval: must be from 1s to 1h",
      ...[0, 1, 2, 3].map((index) => `manifests[0].allowed_hosts[${index}]: ${notHost}`),
      "manifests[1].url: must not be empty",
      "manifests[1].headers.x: must not be empty",
      "manifests[1].headers: header 'host' is not for you to set",
      "manifests[1].tokens.one: must not be empty",
      "manifests[1].tokens.two: must be text (put numbers and the like in quotes)",
      "manifests[2].token: unknown key; the nearest known one is manifests[2].tokens",
      "manifests[2].name: is the same as manifests[1].name",
    ]);
    const unnamed = new ConfigFolder(`manifests:
  - { name: a, url: "${url}", tokens: { "": canary } }
`);
    expect(unnamed.problems()).toEqual(["manifests[0].tokens: must not have an empty endpoint_id"]);
  });

  test("plain http to a public host earns a warning that names the place", () => {
    const folder = new ConfigFolder("manifests: [{ name: a, url: 'http://me:canary@status.example.org/x?v=1' }]\n");
    const { warnings } = folder.load();
    expect(warnings).toEqual([
      "manifests[0].url: plain http to status.example.org: whoever is on the way can read and change what is sent; use https",
    ]);
  });
});
