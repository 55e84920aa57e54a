// deploy/compose.yaml as far as it goes without an engine: what it says fits Headgate and its own parts, and its nginx runs before two Headgates.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { environmentVariables } from "../src/config/environment.ts";
import { loadConfig } from "../src/config/load.ts";
import { parseDurationMs } from "../src/core/duration.ts";
import { temporaryDirectory } from "./support/database.ts";
import { commandsOf } from "./support/docs/page.ts";
import { eventually } from "./support/eventually.ts";
import { type Headgate, startHeadgate } from "./support/headgate.ts";
import { installed } from "./support/installed.ts";
import { directive, type Nginx, startNginx } from "./support/nginx.ts";
import { freePort } from "./support/own-port.ts";
import { sseText } from "./support/provider/answer.ts";
import { startProvider } from "./support/provider.ts";

const deploy = fileURLToPath(new URL("../deploy/", import.meta.url));
const read = (name: string) => readFileSync(join(deploy, name), "utf8");
const site = read("compose/nginx/headgate.conf");
const packageJson = JSON.parse(read("../package.json"));

const text = z.string().min(1);
const service = z.strictObject({
  image: text,
  build: z.strictObject({ context: text, dockerfile: text }).optional(),
  hostname: text.optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  ports: z.array(text).optional(),
  volumes: z.array(text).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal("service_healthy") })).optional(),
  healthcheck: z.strictObject({ test: z.array(text), interval: text, timeout: text, retries: z.int().positive() }).optional(),
  restart: z.literal("unless-stopped"),
  stop_grace_period: text.optional(),
  read_only: z.literal(true).optional(),
  tmpfs: z.array(text).optional(),
  cap_drop: z.tuple([z.literal("ALL")]).optional(),
  security_opt: z.tuple([z.literal("no-new-privileges:true")]).optional(),
  ulimits: z.strictObject({ nofile: z.int().positive() }).optional(),
  shm_size: text.optional(),
  networks: z.union([z.array(text), z.record(z.string(), z.strictObject({ ipv4_address: text.optional() }))]),
});
/** Of Compose's specification, what is used here: a misspelt or misplaced word is none of it. */
const compose = z
  .strictObject({
    name: z.literal("headgate"),
    "x-headgate": z.unknown(),
    services: z.record(z.string(), service),
    networks: z.strictObject({
      front: z.strictObject({ ipam: z.strictObject({ config: z.tuple([z.strictObject({ subnet: z.cidrv4() })]) }) }),
      back: z.strictObject({ internal: z.literal(true) }),
    }),
    volumes: z.record(z.string(), z.null()),
  })
  .parse(parse(read("compose.yaml"), { merge: true }));

const replicaNames = ["headgate-1", "headgate-2"] as const;
const part = (name: string) => compose.services[name] as z.infer<typeof service>;
const addressOf = (name: string) =>
  (part(name).networks as Record<string, { ipv4_address?: string }>).front?.ipv4_address as string;
const networksOf = (name: string) => {
  const { networks } = part(name);
  return Array.isArray(networks) ? networks : Object.keys(networks);
};
const secrets = { POSTGRES_PASSWORD: "postgres0123", REDIS_PASSWORD: "redis0123", HEADGATE_SECRET_KEY: "k".repeat(64) };

/** What Compose makes of `${NAME:?…}` and `${NAME:-…}`. */
function interpolated(value: string, env: Record<string, string>): string {
  return value.replace(/\$\{(\w+):([?-])([^}]*)\}/g, (_, name: string, kind: string, rest: string) => {
    if (env[name]) return env[name];
    if (kind === "?") throw new Error(`${name}: ${rest}`);
    return rest;
  });
}

function environmentOf(name: string, env: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(part(name).environment ?? {}).map(([key, value]) => [key, interpolated(value, env)]));
}

/** What both replicas read, with the variables that they get. */
function replicaConfig(name: string) {
  const { HEADGATE_CONFIG: path, ...env } = environmentOf(name, secrets);
  expect(part(name).volumes).toContain(`./compose/headgate.yaml:${path}:ro`);
  return loadConfig({ overrides: { config: join(deploy, "compose/headgate.yaml") }, env, searchFiles: false });
}

test("compose.yaml gives both Headgates variables and a configuration that they take", () => {
  for (const name of replicaNames) {
    expect(Object.keys(part(name).environment ?? {}).filter((key) => !(key in environmentVariables))).toEqual([]);
    const { config, warnings } = replicaConfig(name);
    expect(warnings).toEqual([]);
    expect(config.database.url?.expose()).toBe("postgres://headgate:postgres0123@postgres:5432/headgate");
    expect(config.redis.url?.expose()).toBe("redis://:redis0123@redis:6379");
    expect(config.server.trustedProxies).toEqual([addressOf("nginx")]);
    expect(config.server.publicUrl).toBe(`http://${interpolated(part("nginx").ports?.[0] ?? "", {}).replace(/:\d+$/, "")}`);
  }
  const { volumes: _, hostname: __, networks: ___, ...one } = part("headgate-1");
  const { volumes: _____, hostname: ____, networks: ______, ...other } = part("headgate-2");
  expect(other).toEqual(one);
});

test("compose.yaml refuses to start without passwords, and holds none", () => {
  expect(Object.keys(environmentOf("headgate-1", secrets))).toContain("HEADGATE_SECRET_KEY");
  for (const missing of Object.keys(secrets)) {
    expect(() => environmentOf("headgate-1", { ...secrets, [missing]: "" })).toThrow(missing);
  }
  const redis = part("redis");
  expect(redis.command?.map((word) => interpolated(word, secrets))).toEqual(
    expect.arrayContaining(["--requirepass", "redis0123"]),
  );
  expect(environmentOf("redis", secrets)).toEqual({ REDISCLI_AUTH: "redis0123" });
  expect(environmentOf("postgres", secrets).POSTGRES_PASSWORD).toBe("postgres0123");
});

test("compose.yaml gives each replica a volume of its own, time to drain, and no rights; nobody else reaches the databases", () => {
  const dataDir = /HEADGATE_DATA_DIR=(\S+)/.exec(read("Dockerfile"))?.[1];
  const dataVolumes = replicaNames.map(
    (name) =>
      part(name)
        .volumes?.find((volume) => volume.endsWith(`:${dataDir}`))
        ?.split(":")[0],
  );
  expect(dataVolumes).toEqual([...replicaNames]);
  for (const { volumes = [] } of Object.values(compose.services)) {
    for (const [source = ""] of volumes.map((volume) => volume.split(":"))) {
      expect([source, source.startsWith("./") ? existsSync(join(deploy, source)) : source in compose.volumes]).toEqual([
        source,
        true,
      ]);
    }
  }
  for (const name of replicaNames) {
    const { config } = replicaConfig(name);
    const graceMs = parseDurationMs(part(name).stop_grace_period as string) as number;
    expect(graceMs).toBeGreaterThan(config.server.drainDelayMs + config.server.drainTimeoutMs);
    expect(part(name)).toMatchObject({ read_only: true, cap_drop: ["ALL"], image: `headgate:${packageJson.version}` });
    const { context, dockerfile } = part(name).build as { context: string; dockerfile: string };
    expect(existsSync(join(deploy, context, dockerfile))).toBe(true);
    expect(networksOf(name)).toEqual(["front", "back"]);
  }
  // as long as calls in flight may last
  expect(part("nginx").stop_grace_period).toBe(part("headgate-1").stop_grace_period);
  expect(networksOf("nginx")).toEqual(["front"]);
  for (const name of ["postgres", "redis"]) {
    expect(networksOf(name)).toEqual(["back"]);
    expect(part(name).healthcheck).toBeDefined();
    expect(Object.keys(part("headgate-1").depends_on ?? {})).toContain(name);
  }
  expect(Object.entries(compose.services).filter(([, { ports }]) => ports !== undefined)).toHaveLength(1);
  // whoever waits for a service to be healthy needs it to have a health check: Headgate's is in its image
  expect(Object.keys(part("nginx").depends_on ?? {})).toEqual([...replicaNames]);
  expect(read("Dockerfile")).toContain("\nHEALTHCHECK ");
});

test("compose's nginx knows the addresses of compose.yaml, buffers nothing, and waits as long as Headgate does", () => {
  const { config } = replicaConfig("headgate-1");
  expect(directive(site, "server").filter((value) => value !== "{")).toEqual(
    replicaNames.map((name) => `${addressOf(name)}:${config.server.port} max_fails=3 fail_timeout=5s`),
  );
  const subnet = compose.networks.front.ipam.config[0].subnet;
  const gateway = subnet.replace(/0\/24$/, "1");
  expect(directive(site, "set_real_ip_from")).toEqual([gateway]);
  for (const name of ["nginx", ...replicaNames]) expect(addressOf(name).startsWith(gateway.slice(0, -1))).toBe(true);
  expect(part("nginx").ports?.[0]?.endsWith(`:${directive(site, "listen")[0]}`)).toBe(true);
  for (const name of ["proxy_buffering", "proxy_request_buffering", "gzip"])
    expect([name, directive(site, name)]).toEqual([name, ["off"]]);
  const [readTimeout] = directive(site, "proxy_read_timeout");
  expect(parseDurationMs(readTimeout as string)).toBeGreaterThan(2 * config.timeouts.totalMs);
  expect([directive(site, "client_max_body_size"), config.server.bodyLimitBytes]).toEqual([["32m"], 32 * 1024 * 1024]);
  expect(directive(site, "proxy_next_upstream")).toEqual(["error timeout"]);
  // a query may hold a key
  expect(directive(site, "log_format").join()).not.toMatch(/\$(request|request_uri|args|query_string)\b/);
  expect(directive(site, "proxy_set_header")).toEqual(expect.arrayContaining(['X-Forwarded-Email ""', 'X-Forwarded-Groups ""']));
});

const [one, two] = replicaNames.map((name) => `${addressOf(name)}:8080`) as [string, string];

/** Resolves with the URL of nginx, the site as it is but for its addresses. */
async function startSite(program: string, upstreams: readonly [string, string]) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const nginx = await startNginx(program, site, {
    replaced: [
      [one, upstreams[0]],
      [two, upstreams[1]],
      ["listen 8080;", `listen 127.0.0.1:${port};`],
      ["access_log /dev/stdout", "access_log FOLDER/access.log"],
      // 127.0.0.1 is the machine's own proxy
      ["set_real_ip_from 172.30.231.1;", "set_real_ip_from 127.0.0.1;"],
    ],
    answers: () => fetch(`${url}/livez`),
  });
  return { url, nginx };
}

const nginxProgram = installed("nginx");

test.skipIf(nginxProgram === null)(
  "compose's nginx passes a stream as it comes, and one replica can be taken out under it without a failed call",
  { timeout: 60_000 },
  async () => {
    const provider = await startProvider({ models: ["gpt-4o-mini"] });
    onTestFinished(() => provider.close());
    const key = "sk-the-same-at-both-0123456789";
    // The drain has to wait for the stream, which ends when the test has seen enough.
    const config = { server: { trusted_proxies: ["127.0.0.1"], drain_timeout: "60s" }, keys: [{ name: "both", key }] };
    const replicas = [await startHeadgate({ config }), await startHeadgate({ config })] as const;
    for (const replica of replicas) onTestFinished(() => replica.stop());
    const hosts = replicas.map(({ url }) => new URL(url).host) as unknown as readonly [string, string];
    for (const replica of replicas) await replica.addEndpoint({ name: "openai", url: provider.url });
    const { url, nginx } = await startSite(nginxProgram as string, hosts);
    let goOn = () => {};
    const gate = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    onTestFinished(() => goOn());
    const event = (content: string) => sseText({ data: { object: "chat.completion.chunk", choices: [{ delta: { content } }] } });
    provider.on(
      ({ method, body }) => method === "POST" && body.toString().includes('"stream":true'),
      () => [
        { head: { status: 200, headers: { "content-type": "text/event-stream" }, framing: "chunked", lengthBytes: 0 } },
        { write: Buffer.from(event("first")) },
        { until: gate },
        { write: Buffer.from(`${event("second")}data: [DONE]\n\n`) },
        { end: true },
      ],
    );
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const body = (stream: boolean) => JSON.stringify({ model: "gpt-4o-mini", messages: [], stream });
    const streamed = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: body(true) });
    const reader = (streamed.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!said.includes("first")) said += (await reader.read()).value;
    expect(said).not.toContain("second");
    const busyAt = await Promise.all(replicas.map(isBusy));
    expect([...busyAt].sort()).toEqual([false, true]);
    const busy = busyAt.indexOf(true) as 0 | 1;
    let sentCalls = 0;
    /** Eight calls at once, all answered; how many of them came to the replica with the stream. */
    const round = async () => {
      const before = postsLogged(nginx).filter((line) => line.includes(hosts[busy])).length;
      const calls = Array.from({ length: 8 }, () =>
        send(`${url}/v1/chat/completions`, { method: "POST", headers, body: body(false) }),
      );
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual(Array(8).fill(200));
      sentCalls += 8;
      // nginx writes the line after the answer
      await eventually(() => postsLogged(nginx).length === sentCalls);
      return postsLogged(nginx).filter((line) => line.includes(hosts[busy])).length - before;
    };
    await eventually(async () => (await round()) > 0);
    // what the README says before a replica is replaced
    await nginx.reload((text) => text.replace(`${hosts[busy]} max_fails`, `${hosts[busy]} down max_fails`));
    await eventually(async () => (await round()) === 0);
    const drained = replicas[busy].app.drain();
    // on a connection of its own: those that are kept end with the drain
    await eventually(async () => (await send(`${replicas[busy].url}/v1/models`, { headers })).status === 503);
    expect(await round()).toBe(0);
    goOn();
    for (let part = await reader.read(); !part.done; part = await reader.read()) said += part.value;
    expect(said.endsWith("data: [DONE]\n\n")).toBe(true);
    await drained;
  },
);

test.skipIf(nginxProgram === null)("compose's nginx passes over a replica that is away, and sends no POST twice", async () => {
  const seen: string[] = [];
  // takes the request, then breaks the connection without a word
  const breaking = createServer((req) => {
    seen.push(req.method as string);
    req.resume().once("end", () => req.socket.destroy());
  });
  const answering = createServer((req, res) => {
    seen.push(req.method as string);
    req.resume().once("end", () => res.end(JSON.stringify(req.headers)));
  });
  for (const server of [breaking, answering]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()));
  }
  const hostOf = (server: typeof breaking) => `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const statuses = async (url: string, method: string) => {
    const got: number[] = [];
    for (let n = 0; n < 4; n++) got.push((await fetch(url, { method, body: method === "POST" ? "{}" : null })).status);
    return got;
  };

  const away = await startSite(nginxProgram as string, [`127.0.0.1:${await freePort()}`, hostOf(answering)]);
  expect(await statuses(away.url, "POST")).toEqual([200, 200, 200, 200]);
  expect(await statuses(away.url, "GET")).toEqual([200, 200, 200, 200]);

  const broken = await startSite(nginxProgram as string, [hostOf(breaking), hostOf(breaking)]);
  seen.length = 0;
  expect((await fetch(broken.url, { method: "POST", body: "{}" })).status).toBe(502);
  expect(seen).toEqual(["POST"]);

  // of callers it believes nothing but what the machine's own proxy says
  const headers = {
    "x-forwarded-for": "192.0.2.1, 198.51.100.7",
    "x-forwarded-proto": "https",
    "x-forwarded-email": "ada@example.org",
  };
  const passed = JSON.parse((await send(away.url, { headers })).body);
  expect(passed).toMatchObject({ "x-forwarded-for": "198.51.100.7", "x-forwarded-proto": "https", host: new URL(away.url).host });
  expect(passed).not.toHaveProperty("x-forwarded-email");
  expect(JSON.parse((await send(away.url, { headers, from: "127.0.0.2" })).body)["x-forwarded-for"]).toBe("127.0.0.2");
});

function postsLogged({ folder }: Nginx): string[] {
  return readFileSync(join(folder, "access.log"), "utf8")
    .split("\n")
    .filter((line) => line.includes(" POST "));
}

/** Whether a call is in flight there. */
async function isBusy({ url, adminToken }: Headgate): Promise<boolean> {
  const metrics = await (await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${adminToken}` } })).text();
  return /^headgate_requests_in_flight 1$/m.test(metrics);
}

interface Sent {
  method?: string;
  headers: Record<string, string>;
  body?: string;
  /** The caller's address, one of this machine's. */
  from?: string;
}

/** On a connection of its own. */
function send(
  url: string,
  { method = "GET", headers, body = "", from = "127.0.0.1" }: Sent,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, localAddress: from, headers, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.once("end", () => resolve({ status: answer.statusCode as number, body: text }));
    });
    sent.once("error", reject).end(body);
  });
}

test("redis-server takes the command of compose.yaml, and its health check the password", { timeout: 30_000 }, async ({
  skip,
}) => {
  const [program, ...args] = (part("redis").command ?? []).map((word) => interpolated(word, secrets)) as [string, ...string[]];
  const path = installed(program);
  const cli = installed("redis-cli");
  if (path === null || cli === null) return skip("Redis is not installed here");
  const folder = await temporaryDirectory();
  onTestFinished(() => folder.remove());
  const port = await freePort();
  execFileSync(path, [...args, "--bind", "127.0.0.1", "--port", String(port), "--dir", folder.path, "--daemonize", "yes"]);
  const [, line = ""] = part("redis").healthcheck?.test ?? [];
  const check = (password: string) =>
    spawnSync("sh", ["-c", line.replace("redis-cli", `redis-cli -p ${port}`)], {
      env: { PATH: process.env.PATH, REDISCLI_AUTH: password },
      stdio: "ignore",
    }).status;
  onTestFinished(() => {
    const env = { PATH: process.env.PATH, REDISCLI_AUTH: secrets.REDIS_PASSWORD };
    spawnSync(cli, ["-p", String(port), "shutdown", "nosave"], { env, stdio: "ignore" });
  });
  await eventually(() => check(secrets.REDIS_PASSWORD) === 0);
  expect(check("wrong")).not.toBe(0);
});

test("the README makes a .env that has all that compose.yaml asks for", async ({ skip }) => {
  if (installed("openssl") === null) return skip("openssl is not installed here");
  const folder = await temporaryDirectory();
  onTestFinished(() => folder.remove());
  const { text: command } = commandsOf(read("README.md")).find(({ text }) => text.includes("openssl")) as { text: string };
  execFileSync("sh", ["-c", command.replaceAll("deploy/", `${folder.path}/`)]);
  const env = Object.fromEntries(
    readFileSync(join(folder.path, ".env"), "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split("=") as [string, string]),
  );
  expect(Object.keys(env).sort()).toEqual(Object.keys(secrets).sort());
  expect(environmentOf("headgate-1", env).HEADGATE_DATABASE_URL).toMatch(/^postgres:\/\/headgate:[0-9a-f]{64}@postgres:/);
});

const hasCompose = installed("docker") !== null && spawnSync("docker", ["compose", "version"], { stdio: "ignore" }).status === 0;

test.skipIf(!hasCompose)("Docker Compose takes compose.yaml with its passwords, and refuses it without", () => {
  const config = (env: Record<string, string>) => {
    const args = ["compose", "--env-file", "/dev/null", "-f", join(deploy, "compose.yaml"), "config", "--quiet"];
    return spawnSync("docker", args, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env }, encoding: "utf8" });
  };
  const { status, stderr } = config(secrets);
  expect(status, stderr).toBe(0);
  expect(config({}).status).not.toBe(0);
});
