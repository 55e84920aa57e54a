// The configuration: which source wins, what is refused and in which words, and that no secret gets into them.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { noLimits } from "../domain/limits.ts";
import { defaultTimeouts } from "../domain/timeouts.ts";
import { ConfigError } from "./config-error.ts";
import { type ConfigOverrides, loadConfig } from "./load.ts";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "headgate-config-"));
});

afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function write(name: string, content: string): string {
  const path = join(cwd, name);
  writeFileSync(path, content);
  return path;
}

function load(env: Record<string, string> = {}, overrides: ConfigOverrides = {}) {
  return loadConfig({ env, cwd, overrides });
}

/** The problems of a load that must fail. */
function problems(env: Record<string, string> = {}, overrides: ConfigOverrides = {}): readonly string[] {
  try {
    load(env, overrides);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  throw new Error("the configuration was accepted");
}

describe("sources", () => {
  test("without a file, defaults hold", () => {
    const { config, configPath, dataDir, envSecretKey, warnings } = load();
    expect(configPath).toBeNull();
    expect(dataDir).toBe(join(cwd, "data"));
    expect(envSecretKey).toBeNull();
    expect(warnings).toEqual([]);
    expect(config.server).toEqual({
      host: "127.0.0.1",
      port: 8080,
      publicUrl: null,
      bodyLimitBytes: 32 * 1024 ** 2,
      bodiesInFlightLimitBytes: 512 * 1024 ** 2,
      callsInFlightLimit: 20_000,
      overloadLagMs: 1000,
      drainTimeoutMs: 600_000,
      drainDelayMs: 0,
      workers: "auto",
      trustedProxies: [],
      corsOrigins: [],
    });
    expect(config.retention).toEqual({ requestsMs: 30 * 86_400_000, syncRunsMs: 90 * 86_400_000, auditMs: 365 * 86_400_000 });
    expect(config.timeouts).toEqual(defaultTimeouts);
    expect(config).toMatchObject({ database: { url: null }, metrics: { port: null }, log: { level: "info" }, adminToken: null });
    expect(config.identity).toEqual({ globus: null, oidc: [], introspection: [], proxyHeader: null });
    expect(config.manifests).toEqual([]);
    expect(config.userDefaultLimits).toEqual(noLimits);
  });

  test("options beat variables, variables beat the file, the file beats defaults", () => {
    write("headgate.yaml", "server: { host: file.example, port: 1001 }\nlog: { level: debug }\n");
    expect(load().config.server).toMatchObject({ host: "file.example", port: 1001 });
    const env = { HEADGATE_HOST: "env.example", HEADGATE_PORT: "1002", HEADGATE_LOG_LEVEL: "warn" };
    expect(load(env).config).toMatchObject({ server: { host: "env.example", port: 1002 }, log: { level: "warn" } });
    expect(load(env, { host: "flag.example", port: "1003" }).config.server).toMatchObject({ host: "flag.example", port: 1003 });
  });

  test("--config beats HEADGATE_CONFIG beats headgate.yaml in the working directory", () => {
    write("headgate.yaml", "server: { port: 1001 }\n");
    write("b.yaml", "server: { port: 1002 }\n");
    write("c.yaml", "server: { port: 1003 }\n");
    expect(load().config.server.port).toBe(1001);
    expect(load({ HEADGATE_CONFIG: "b.yaml" }).config.server.port).toBe(1002);
    const loaded = load({ HEADGATE_CONFIG: "b.yaml" }, { config: "c.yaml" });
    expect(loaded.config.server.port).toBe(1003);
    expect(loaded.configPath).toBe(join(cwd, "c.yaml"));
  });

  test("a named config file that is not there is an error", () => {
    expect(problems({}, { config: "gone.yaml" })).toEqual([`there is no config file at ${join(cwd, "gone.yaml")}`]);
  });

  test("a .env beside the config is read, and the process's own variables beat it", () => {
    mkdirSync(join(cwd, "etc"));
    write("etc/headgate.yaml", "");
    write("etc/.env", 'HEADGATE_PORT=1001\nHEADGATE_HOST="env.example"\n');
    write(".env", "HEADGATE_PORT=9999\n");
    const env = { HEADGATE_CONFIG: "etc/headgate.yaml" };
    expect(load(env).config.server).toMatchObject({ host: "env.example", port: 1001 });
    expect(load({ ...env, HEADGATE_PORT: "1002" }).config.server.port).toBe(1002);
    expect(process.env.HEADGATE_PORT).toBeUndefined();
  });

  test("without a config file, a .env in the working directory is read; it may name the config file", () => {
    write(".env", "HEADGATE_PORT=1001\n");
    expect(load().config.server.port).toBe(1001);
    write(".env", "HEADGATE_CONFIG=other.yaml\nPORT=1002\n");
    write("other.yaml", "server: { port: '${PORT}' }\n");
    expect(load().config.server.port).toBe(1002);
  });

  test("variables may carry one pair of quotes; an empty one is as good as none", () => {
    const env = { HEADGATE_PORT: '"1001"', HEADGATE_HOST: "'env.example'", HEADGATE_LOG_LEVEL: "", HEADGATE_DATA_DIR: '""' };
    const { config, dataDir } = load(env);
    expect(config.server).toMatchObject({ host: "env.example", port: 1001 });
    expect(config.log.level).toBe("info");
    expect(dataDir).toBe(join(cwd, "data"));
  });

  test("the data directory comes from --data-dir, else HEADGATE_DATA_DIR", () => {
    expect(load({ HEADGATE_DATA_DIR: "/var/lib/headgate" }).dataDir).toBe("/var/lib/headgate");
    expect(load({ HEADGATE_DATA_DIR: "/var/lib/headgate" }, { dataDir: "here" }).dataDir).toBe(join(cwd, "here"));
  });

  test("with searchFiles: false, only a file that was named is read", () => {
    write("headgate.yaml", "server: { port: 1001 }\n");
    write(".env", "HEADGATE_PORT=1002\n");
    const env = { HEADGATE_CONFIG: "headgate.yaml" };
    expect(loadConfig({ env, cwd, searchFiles: false })).toMatchObject({ configPath: null, config: { server: { port: 8080 } } });
    const named = { env, cwd, searchFiles: false, overrides: { config: "headgate.yaml" } };
    expect(loadConfig(named).configPath).toBe(join(cwd, "headgate.yaml"));
  });

  test("a Redis is taken from the file or the environment, never shown, and of little use without PostgreSQL", () => {
    write("headgate.yaml", "redis: { url: redis://:file-password@h, timeout: 25ms }\n");
    const { config, warnings } = load({ HEADGATE_REDIS_URL: "rediss://:env-password@h:6380/1" });
    expect(config.redis.url?.expose()).toBe("rediss://:env-password@h:6380/1");
    expect(config.redis.timeoutMs).toBe(25);
    expect(JSON.stringify(config) + inspect(config, { depth: 9 }) + warnings.join()).not.toContain("password");
    expect(warnings.join()).toContain("redis.url is set, but database.url is not");
    expect(load({ HEADGATE_DATABASE_URL: "postgres://h/d", HEADGATE_REDIS_URL: "redis://h" }).warnings).toEqual([]);
    write("headgate.yaml", "redis: { url: http://h/file-password, timeout: 2s }\n");
    expect(problems()).toEqual([
      "redis.url: must be a URL that begins with redis:// or rediss:// (leave it out for one process alone)",
      "redis.timeout: must be from 1ms to 1s",
    ]);
  });

  test("variables nobody knows earn a warning", () => {
    const { warnings } = load({
      HEADGATE_PROT: "1",
      AUTHORIZED_IDP_DOMAIN: "uni.edu",
      GLOBUS_SDK_ENVIRONMENT: "of another program",
    });
    expect(warnings).toHaveLength(2);
    expect(warnings.join("\n")).toMatch(/HEADGATE_PROT.*HEADGATE_PORT\nAUTHORIZED_IDP_DOMAIN .*AUTHORIZED_IDP_DOMAINS$/);
  });
});

describe("${VAR}", () => {
  test("is replaced in every text, from the environment or .env, and $${ stands for itself", () => {
    write(".env", "TEAM=research\n");
    write(
      "headgate.yaml",
      `endpoints:
  - name: one
    url: https://\${HOST}/v1
    api_key: "\${KEY}"
    headers: { x-team: "team-\${TEAM}-\${TEAM}" }
    query: { literal: "$\${HOST}" }
`,
    );
    const [endpoint] = load({ HOST: "api.example", KEY: '"provider-key"' }).config.endpoints;
    expect(endpoint).toMatchObject({
      url: "https://api.example/v1",
      headers: { "x-team": "team-research-research" },
      query: { literal: "${HOST}" },
    });
    expect(endpoint?.apiKey?.expose()).toBe("provider-key");
  });

  test("a variable's content is never read as YAML or substituted again", () => {
    write("headgate.yaml", "endpoints: [{ name: one, url: 'https://a.example', description: '${TEXT}' }]\n");
    expect(load({ TEXT: "x: ${HOME}\n- y" }).config.endpoints[0]?.description).toBe("x: ${HOME}\n- y");
  });

  test("a missing variable is an error that names key path and variable, and nothing else about that key", () => {
    write("headgate.yaml", "endpoints:\n  - { name: one, url: 'https://a.example', api_key: '${OPENAI_API_KEY}' }\n");
    expect(problems()).toEqual(["endpoints[0].api_key: the environment variable OPENAI_API_KEY is not set"]);
  });

  test("something that is no variable's name is an error that does not repeat it", () => {
    write("headgate.yaml", "endpoints:\n  - { name: one, url: 'https://a.example', api_key: 'sk-${canary value}' }\n");
    expect(problems().join()).toMatch(/^endpoints\[0\]\.api_key: /);
    expect(problems().join()).not.toContain("canary");
  });
});

describe("what the file holds", () => {
  test("everything comes out parsed", () => {
    write(
      "headgate.yaml",
      `server: { public_url: https://ai.example.org/, body_limit: 1mb, drain_timeout: 90s, workers: 2, trusted_proxies: [10.0.0.0/8, "::1"], cors_origins: ["*"] }
database: { url: "postgres://me:canary-password@db.example/headgate" }
metrics: { port: 9090 }
retention: { requests: 1d }
accounting: { on_failure: continue }
timeouts: { first_byte: 20s, total: 5m }
identity:
endpoints:
  - name: openai-production
    url: https://api.openai.com/v1
    api_key: canary-key
    dialect: openai
    auth_header_name: Authorization
    auth_header_prefix: "Token "
    headers: { x-team: research }
    query: { api-version: "2024-10-21" }
    models: [gpt-4o]
    aliases: { gpt-4o: prod-gpt-4o }
    sync_interval: 0
    timeouts: { connect: 5s, total: 10m }
    weight: 3
    probe: { kind: completion, interval: 1m }
keys:
  - { name: ci, key: canary-0123456789, models: ["*"], scopes: [inference, passthrough], expires_at: "2030-01-01T00:00:00Z", limits: { requests_per_minute: 600 } }
`,
    );
    const { config } = load();
    expect(config.server).toMatchObject({ publicUrl: "https://ai.example.org", bodyLimitBytes: 1024 ** 2, workers: 2 });
    expect(config.database.url?.expose()).toBe("postgres://me:canary-password@db.example/headgate");
    expect(config.accounting.onFailure).toBe("continue");
    expect(config.endpoints[0]).toMatchObject({
      authHeaderPrefix: "Token ",
      models: ["gpt-4o"],
      aliases: { "gpt-4o": "prod-gpt-4o" },
      syncIntervalMs: 0,
      weight: 3,
      probe: { kind: "completion", intervalMs: 60_000, timeoutMs: 10_000 },
    });
    expect(config.timeouts).toEqual({ connectMs: 5000, firstByteMs: 20_000, idleMs: 60_000, totalMs: 300_000 });
    expect(config.endpoints[0]?.timeouts).toEqual({ connectMs: 5000, totalMs: 600_000 });
    expect(config.keys[0]).toMatchObject({
      models: ["*"],
      scopes: ["inference", "passthrough"],
      expiresAtMs: Date.UTC(2030, 0, 1),
      limits: { ...noLimits, requestsPerMinute: 600 },
    });
    expect(config.keys[0]?.key.expose()).toBe("canary-0123456789");
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toContain("canary");
  });

  test("all problems are told at once, each with its path", () => {
    write(
      "headgate.yaml",
      `server: { port: 70000, body_limit: huge, drain_timeout: 10, trusted_proxies: [10.0.0.0/8, "::1", "10", "127.1", 10.0.0.0/33, proxy.example] }
retention: { requests: 5m }
log: { level: loud }
endpoints:
  - { name: a/b, url: ftp://a.example, models: everything, weight: 0 }
  - { url: https://a.example?x=1, api_key: 12, sync_interval: 1ms, timeouts: { idle: 0 }, probe: { kind: ping, interval: 10ms, timeout: 2m } }
  - { name: a, url: https://u:p@a.example, headers: { Authorization: x } }
keys:
  - { name: ci, key: tooshort, scopes: [root], expires_at: tomorrow, limits: { requests_per_second: 0, requests_per_minute: 1.5 } }
metrics: 9090
`,
    );
    expect(problems()).toEqual([
      "server.port: must be a port from 0 to 65535",
      'server.body_limit: must be a size such as "512kb", "32mb" or "1gb"',
      'server.drain_timeout: must be a duration such as "30s", "10m", "1h" or "30d"',
      ...[2, 3, 4, 5].map((index) => `server.trusted_proxies[${index}]: must be an IP address or a network such as 10.0.0.0/8`),
      "metrics: must be a section of keys",
      "retention.requests: must be at least 1h",
      "log.level: must be debug, info, warn or error",
      "endpoints[0].name: must be 1 to 64 letters, digits, '.', '_' or '-'",
      "endpoints[0].url: must begin with http:// or https://",
      'endpoints[0].models: must be "all" or a list of model names',
      "endpoints[0].weight: must be a whole number from 1 to 1000",
      "endpoints[1].name: is missing",
      "endpoints[1].url: must not contain a query ('?'): use `query`",
      "endpoints[1].api_key: must be text (put numbers and the like in quotes)",
      "endpoints[1].sync_interval: must be 0 (only on demand) or from 1s to 24d",
      "endpoints[1].timeouts.idle: must be more than 0 and at most 24d",
      "endpoints[1].probe.kind: must be models or completion",
      "endpoints[1].probe.interval: must be from 1s to 1h",
      "endpoints[1].probe.timeout: must be from 100ms to 60s",
      "endpoints[2].url: must not contain a user name or password: use `api_key`",
      "endpoints[2].headers: header 'authorization' carries the credential: use `api_key` and `auth_header_name`",
      "keys[0].key: must be at least 16 characters",
      "keys[0].scopes[0]: must be inference, passthrough or admin",
      "keys[0].expires_at: must be a time by RFC 3339, such as 2027-01-31T00:00:00Z",
      "keys[0].limits.requests_per_second: must be a whole number from 1 to 1,000,000",
      "keys[0].limits.requests_per_minute: must be a whole number",
    ]);
  });

  test("a wrong variable or option is named instead of the key that it sets", () => {
    expect(problems({ HEADGATE_PORT: "http" })).toEqual(["HEADGATE_PORT: must be a whole number"]);
    expect(problems({ HEADGATE_PORT: "1" }, { port: "http" })).toEqual(["--port: must be a whole number"]);
    expect(problems({ HEADGATE_DATABASE_URL: "mysql://u:canary@h/d" }).join()).toMatch(
      /^HEADGATE_DATABASE_URL: must be a URL that begins with postgres/,
    );
  });

  test.each([
    ["sever: { port: 1 }", "sever: unknown key; the nearest known one is server"],
    ["server: { prot: 1 }", "server.prot: unknown key; the nearest known one is server.port"],
    ["server: { publicUrl: x }", "server.publicUrl: unknown key; the nearest known one is server.public_url"],
    ["timeouts: { idel: 1s }", "timeouts.idel: unknown key; the nearest known one is timeouts.idle"],
    ["port: 8080", "port: unknown key; the nearest known one is server.port"],
    [
      "endpoints: [{ name: a, url: 'http://a', apikey: x }]",
      "endpoints[0].apikey: unknown key; the nearest known one is endpoints[0].api_key",
    ],
    [
      "endpoints: [{ name: a, url: 'http://a', timeouts: { firstbyte: 1s } }]",
      "endpoints[0].timeouts.firstbyte: unknown key; the nearest known one is endpoints[0].timeouts.first_byte",
    ],
  ])("an unknown key is named with the nearest known one: %s", (yaml, problem) => {
    write("headgate.yaml", yaml);
    expect(problems()).toEqual([problem]);
  });

  test("keys have every limit there is, and a wrong one is named", () => {
    const limits = (text: string) => `keys: [{ name: a, key: 0123456789abcdefg, limits: ${text} }]\n`;
    write(
      "headgate.yaml",
      limits(
        "{ tokens_per_minute: 1000000000, concurrent_requests: 2, budget_usd: 1.5, budget_period: week, budget_timezone: Asia/Kathmandu }",
      ),
    );
    expect(load().config.keys[0]?.limits).toEqual({
      ...noLimits,
      tokensPerMinute: 1e9,
      concurrentRequests: 2,
      budget: { limitNanoUsd: 1_500_000_000, period: "week", timeZone: "Asia/Kathmandu", unpriced: "deny" },
    });
    write(
      "headgate.yaml",
      limits(
        "{ budget_usd: -1, budget_period: year, budget_timezone: Mars/Phobos, budget_unpriced: maybe, tokens_per_minute: .nan }",
      ),
    );
    expect(problems()).toEqual([
      "keys[0].limits.tokens_per_minute: must be a whole number",
      "keys[0].limits.budget_usd: must be a number of dollars from 0 to 9000000",
      "keys[0].limits.budget_period: must be day, week, month or total",
      "keys[0].limits.budget_timezone: must be the IANA name of a time zone, such as Europe/Berlin",
      "keys[0].limits.budget_unpriced: must be deny or allow",
    ]);
    write("headgate.yaml", limits("{ budget_period: day }"));
    expect(problems()).toEqual(["keys[0].limits.budget_period: says something about a budget, and there is no budget_usd"]);
  });

  test("rules across keys: repeated names and keys, colliding aliases, limits and ports that contradict each other", () => {
    write(
      "headgate.yaml",
      `server: { port: 9090, body_limit: 2mb, bodies_in_flight_limit: 1mb }
metrics: { port: 9090 }
endpoints:
  - { name: a, url: "http://a", aliases: { x: z, y: z }, auth_header_name: X-Token, headers: { x-token: "1" } }
  - { name: a, url: "http://b" }
keys:
  - { name: one, key: canary-0123456789 }
  - { name: two, key: canary-0123456789 }
`,
    );
    expect(problems()).toEqual([
      "server.bodies_in_flight_limit: must be at least server.body_limit",
      "metrics.port: must differ from server.port; leave it out to have /metrics on the main port",
      "endpoints[1].name: is the same as endpoints[0].name",
      "keys[1].key: is the same as keys[0].key",
      "endpoints[0].aliases: 'x' and 'y' have the same alias",
      "endpoints[0].headers: header 'x-token' carries the credential: use `api_key` and `auth_header_name`",
    ]);
  });

  test.each([
    ["not a map", "- 1\n"],
    ["two documents", "server: {}\n---\nserver: {}\n"],
    ["a repeated key", "server: {}\nserver: {}\n"],
    ["an alias without anchor", "endpoints: [{ name: a, url: 'http://a', api_key: *sk-canary }]\n"],
    ["a tag", "endpoints: [{ name: a, url: 'http://a', api_key: !sk-canary x }]\n"],
    ["a broken quote", 'endpoints:\n  - name: a\n    api_key: "sk-canary\n'],
    ["a reserved character", "endpoints:\n  - name: a\n    api_key: `sk-canary\n"],
  ])("a file that is no YAML map is refused without quoting it: %s", (_, yaml) => {
    write("headgate.yaml", yaml);
    expect(() => load()).toThrow(ConfigError);
    expect(problems().join()).not.toContain("canary");
  });
});

describe("secrets", () => {
  test("HEADGATE_SECRET_KEY comes as a Secret and needs 32 characters", () => {
    const key = "0123456789abcdef0123456789abcdef";
    expect(load({ HEADGATE_SECRET_KEY: key }).envSecretKey?.expose()).toBe(key);
    expect(problems({ HEADGATE_SECRET_KEY: key.slice(1) })[0]).toMatch(/^HEADGATE_SECRET_KEY: must be at least 32 characters/);
  });

  test("HEADGATE_ADMIN_TOKEN comes as a Secret; a short one earns a warning", () => {
    const loaded = load({ HEADGATE_ADMIN_TOKEN: "canary" });
    expect(loaded.config.adminToken?.expose()).toBe("canary");
    expect(loaded.warnings.join()).toMatch(/HEADGATE_ADMIN_TOKEN is short/);
    expect(loaded.warnings.join()).not.toContain("canary");
  });

  test("no error holds a secret's value, whatever is wrong with it", () => {
    write(
      "headgate.yaml",
      `database: { url: "mysql://me:canary@h/d" }
endpoints:
  - { name: a, url: "https://me:canary@h", api_key: "canary\\nx", headers: { x: "canary\\u0000", authorization: canary }, query: { k: "canary\\n" } }
  - { name: b, url: "https://h", api_key: " canary" }
  - { name: c, url: "https://h", api_key: "kanáry-canary" }
keys:
  - { name: a, key: canary }
  - { name: b, key: "canary canary canary\\n" }
`,
    );
    const env = { HEADGATE_SECRET_KEY: "canary", HEADGATE_ADMIN_TOKEN: "canary\ncanary" };
    expect(problems(env).length).toBeGreaterThan(8);
    try {
      load(env);
    } catch (error) {
      expect(inspect(error, { depth: 9 })).not.toContain("canary");
    }
  });
});
