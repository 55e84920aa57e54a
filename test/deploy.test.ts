// What deploy/ has works as far as this machine can tell: nginx takes its site and passes streams, systemd takes its unit, Headgate the variables.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "dotenv";
import { expect, onTestFinished, test } from "vitest";
import { environmentVariables } from "../src/config/environment.ts";
import { loadConfig } from "../src/config/load.ts";
import { parseDurationMs } from "../src/core/duration.ts";
import { temporaryDirectory } from "./support/database.ts";
import { eventually } from "./support/eventually.ts";
import { type Headgate, startHeadgate } from "./support/headgate.ts";
import { installed } from "./support/installed.ts";
import { startMockGlobus } from "./support/mock-globus.ts";
import { directive, startNginx } from "./support/nginx.ts";
import { freePort } from "./support/own-port.ts";
import { sseText } from "./support/provider/answer.ts";
import { type Provider, startProvider } from "./support/provider.ts";
import { selfSignedCertificate, selfSignedKey } from "./support/self-signed-certificate.ts";

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../deploy/${name}`, import.meta.url)), "utf8");
const site = read("nginx.conf");
const unit = read("headgate.service");

const defaults = loadConfig({ env: {}, searchFiles: false }).config;
const nginx = installed("nginx");
const systemdAnalyze = installed("systemd-analyze");

test("deploy/nginx.conf buffers nothing, waits as long as Headgate does, and takes bodies as large", () => {
  expect(directive(site, "proxy_buffering")).toEqual(["off"]);
  expect(directive(site, "proxy_request_buffering")).toEqual(["off"]);
  expect(directive(site, "proxy_http_version")).toEqual(["1.1"]);
  expect(directive(site, "proxy_set_header")).toContain('Connection ""');
  expect(directive(site, "client_max_body_size")).toEqual(["32m"]);
  expect(defaults.server.bodyLimitBytes).toBe(32 * 1024 * 1024);
  const [readTimeout] = directive(site, "proxy_read_timeout");
  expect(parseDurationMs(readTimeout as string)).toBeGreaterThan(2 * defaults.timeouts.totalMs);
  // a query may hold a key
  expect(directive(site, "log_format").join()).not.toMatch(/\$(request|request_uri|args|query_string)\b/);
  const headers = directive(site, "proxy_set_header").map((header) => header.toLowerCase());
  expect(headers).toEqual(expect.arrayContaining(['x-forwarded-email ""', 'x-forwarded-groups ""']));
});

if (nginx === null) {
  test("nginx is not installed here: no more than the directives of deploy/nginx.conf is checked", () => {
    expect([...site.replace(/#.*/g, "").matchAll(/[{}]/g)].map(([brace]) => brace).join("")).toBe("{}{}{{}}");
  });
} else {
  test("nginx takes deploy/nginx.conf, and behind it a stream's events come as they are sent, from callers with addresses of their own", async () => {
    const provider = await startProvider({ models: ["gpt-4o-mini"] });
    onTestFinished(() => provider.close());
    const globus = await startMockGlobus();
    onTestFinished(() => globus.stop());
    const proxyHeader = { enabled: true, trusted_proxies: ["127.0.0.1"] };
    const headgate = await startHeadgate({
      config: { server: { trusted_proxies: ["127.0.0.1"] }, identity: { proxy_header: proxyHeader } },
      env: {
        GLOBUS_APPLICATION_ID: globus.clientId,
        GLOBUS_APPLICATION_SECRET: globus.clientSecret,
        HEADGATE_GLOBUS_AUTH_URL: globus.url,
        HEADGATE_GLOBUS_GROUPS_URL: globus.url,
      },
    });
    onTestFinished(() => headgate.stop());
    await headgate.addEndpoint({ name: "openai", url: provider.url });
    const port = await startSite(nginx, new URL(headgate.url).host);
    await streamsThrough(port, provider, headgate);
    await holdsBackByCaller(port);
    // nginx has signed nobody in
    const { statusCode, headers } = await answerOf(port, "/v1/models", "127.0.0.1", { "x-forwarded-email": "ada@example.org" });
    expect([statusCode, headers["x-headgate-error-code"]]).toEqual([401, "missing_key"]);
  });
}

/** Runs it with the site as it is, but for ports, paths and the address of Headgate. Resolves with the port of TLS. */
async function startSite(program: string, headgate: string): Promise<number> {
  const [plain, tls] = [await freePort(), await freePort()];
  await startNginx(program, site, {
    files: { "fullchain.pem": selfSignedCertificate, "privkey.pem": selfSignedKey },
    replaced: [
      ["/etc/ssl/headgate/", "FOLDER/"],
      ["/var/log/nginx/", "FOLDER/"],
      ["127.0.0.1:8080", headgate],
      ["listen 80;", `listen 127.0.0.1:${plain};`],
      ["listen 443 ssl;", `listen 127.0.0.1:${tls} ssl;`],
      // a machine may have no IPv6
      ["listen [::]:80;", ""],
      ["listen [::]:443 ssl;", ""],
    ],
    answers: () => answerOf(tls, "/livez"),
  });
  return tls;
}

/** `from`: the caller's address, one of this machine's. */
function send(
  port: number,
  path: string,
  {
    from = "127.0.0.1",
    method = "GET",
    headers = {},
    body = "",
  }: {
    from?: string;
    method?: string;
    headers?: Record<string, string>;
    body?: string;
  } = {},
): Promise<IncomingMessage> {
  const options = {
    host: "127.0.0.1",
    port,
    path,
    method,
    headers,
    localAddress: from,
    rejectUnauthorized: false,
    agent: false,
    signal: AbortSignal.timeout(10_000),
  };
  return new Promise((resolve, reject) => {
    request(options as object, resolve)
      .once("error", reject)
      .end(body);
  });
}

async function answerOf(port: number, path: string, from?: string, headers?: Record<string, string>): Promise<IncomingMessage> {
  const answer = await send(port, path, { ...(from && { from }), ...(headers && { headers }) });
  answer.resume();
  return answer;
}

/** The first event has to be there while the provider still waits to send the second. */
async function streamsThrough(port: number, provider: Provider, headgate: Headgate): Promise<void> {
  const key = await headgate.createKey();
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const event = (content: string) => sseText({ data: { object: "chat.completion.chunk", choices: [{ delta: { content } }] } });
  provider.on(
    ({ method }) => method === "POST",
    () => [
      { head: { status: 200, headers: { "content-type": "text/event-stream" }, framing: "chunked", lengthBytes: 0 } },
      { write: Buffer.from(event("first")) },
      { until: gate },
      { write: Buffer.from(`${event("second")}data: [DONE]\n\n`) },
      { end: true },
    ],
  );
  const answer = await send(port, "/v1/chat/completions", {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "gpt-4o-mini", messages: [], stream: true }),
  });
  let text = "";
  answer.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  await eventually(() => text.includes("first"), { what: "the first event" });
  expect(text).not.toContain("second");
  goOn();
  await eventually(() => answer.complete);
  expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
}

/** Whoever tries out tokens is held back by their own address, not by nginx's. */
async function holdsBackByCaller(port: number): Promise<void> {
  const attempt = async (number: number, from: string) => {
    const headers = { authorization: `Bearer token-${number}`, "x-forwarded-for": `192.0.2.${number}` };
    return (await answerOf(port, "/v1/models", from, headers)).statusCode;
  };
  const statuses: (number | undefined)[] = [];
  for (let number = 0; number <= 100; number++) statuses.push(await attempt(number, "127.0.0.2"));
  expect(statuses).toEqual([...Array<number>(100).fill(401), 429]);
  expect(await attempt(101, "127.0.0.3")).toBe(401);
}

test("deploy/headgate.service gives Headgate the time to drain, a directory for its data, and no rights", () => {
  const [stop] = directive(unit, "TimeoutStopSec");
  expect(parseDurationMs((stop as string).replace("min", "m"))).toBeGreaterThan(
    defaults.server.drainTimeoutMs + defaults.server.drainDelayMs,
  );
  expect(directive(unit, "ExecStart")).toEqual(["/usr/bin/node dist/main.js start"]);
  expect(directive(unit, "EnvironmentFile")).toEqual(["/etc/headgate/headgate.env"]);
  const [state] = directive(unit, "StateDirectory");
  expect(directive(unit, "Environment")).toContain(`HEADGATE_DATA_DIR=/var/lib/${state}`);
  for (const [name, value] of [
    ["DynamicUser", "yes"],
    ["NoNewPrivileges", "yes"],
    ["ProtectSystem", "strict"],
    ["CapabilityBoundingSet", ""],
    ["StateDirectoryMode", "0700"],
  ] as const) {
    expect([name, directive(unit, name)]).toEqual([name, [value]]);
  }
  // which Node.js can't live with
  expect(directive(unit, "MemoryDenyWriteExecute")).toEqual([]);
});

if (systemdAnalyze === null) {
  test("systemd-analyze is not installed here: no more than the directives of deploy/headgate.service is checked", () => {
    const lines = unit.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.filter((line) => !/^(\[[A-Z][a-z]+\]|[A-Z][A-Za-z]+=.*)$/.test(line))).toEqual([]);
  });
} else {
  test("systemd takes deploy/headgate.service without a warning", async () => {
    const folder = await temporaryDirectory();
    onTestFinished(() => folder.remove());
    const path = join(folder.path, "headgate.service");
    // it looks whether the program is there
    writeFileSync(path, unit.replace("/usr/bin/node", process.execPath));
    const { status, stdout, stderr } = spawnSync(systemdAnalyze, ["verify", path], { encoding: "utf8" });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: "", stderr: "" });
  });
}

test("every variable of deploy/headgate.env.example is one that Headgate takes as it stands there", () => {
  const text = read("headgate.env.example").replace(/^#(?=[A-Z_]+=)/gm, "");
  const { HEADGATE_CONFIG: configPath, ...variables } = parse(text);
  expect(configPath).toBe("/etc/headgate/headgate.yaml");
  expect(Object.keys(variables).length).toBeGreaterThan(15);
  expect(Object.keys(variables).filter((name) => !(name in environmentVariables))).toEqual([]);
  const { warnings } = loadConfig({ env: variables, searchFiles: false });
  expect(warnings).toEqual([]);
});
