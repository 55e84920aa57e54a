// `headgate demo`: Headgate in front of the built-in demo provider, so that everything can be tried without an account.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApp, type Started } from "../app.ts";
import type { Config } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { Secret } from "../core/secret.ts";
import { startDemoProvider } from "../demo/demo-provider.ts";
import { newApiKey } from "../domain/api-key.ts";
import { noLimits } from "../domain/limits.ts";
import { createLogger } from "../telemetry/log.ts";
import { CommandFailed, type CommandIo, configRequest, type SharedOptions } from "./command.ts";
import { endOnSignals } from "./run-until-signal.ts";

/**
 * Starts afresh each time, in a temporary folder or in an empty one that was named. The configuration of a real Headgate in the
 * same place is left alone: only a file named with --config is read, and of it nothing about databases, endpoints,
 * manifests and callers.
 */
export async function demo(options: SharedOptions, io: CommandIo): Promise<void> {
  const { config, dataDir: givenDataDir } = loadConfig({ ...configRequest(options, io), searchFiles: false });
  if (options.dataDir !== undefined && existsSync(join(givenDataDir, "headgate.db"))) {
    throw new CommandFailed(`${givenDataDir} holds a database already. The demo starts afresh: name an empty folder, or none.`);
  }
  const log = createLogger({ level: config.log.level });
  const provider = await startDemoProvider();
  const dataDir = options.dataDir === undefined ? await mkdtemp(join(tmpdir(), "headgate-demo-")) : givenDataDir;
  const cleanUp = async () => {
    await provider.close();
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
  };
  const { key } = newApiKey();
  const app = createApp({
    config: demoConfig(config, provider.url, key),
    dataDir,
    secretKey: new Secret(randomBytes(32).toString("hex")),
    log,
  });
  endOnSignals(app, log, cleanUp);
  try {
    io.print(invitation(await app.start(), key));
  } catch (error) {
    await cleanUp();
    throw error;
  } finally {
    log.flush();
  }
}

function demoConfig(config: Config, providerUrl: string, key: string): Config {
  return {
    ...config,
    database: { url: null },
    endpoints: [
      {
        name: "demo",
        url: providerUrl,
        apiKey: new Secret("no-key-needed"),
        description: "The built-in demo provider: canned answers, no model",
        dialect: "openai",
        authHeaderName: null,
        authHeaderPrefix: null,
        headers: {},
        query: {},
        models: "all",
        aliases: {},
        syncIntervalMs: 3_600_000,
        timeouts: {},
        weight: 1,
        probe: null,
      },
    ],
    keys: [{ name: "demo", key: new Secret(key), models: null, scopes: ["inference"], expiresAtMs: null, limits: noLimits }],
    manifests: [],
    identity: { globus: null, oidc: [], introspection: [], proxyHeader: null },
    userDefaultLimits: noLimits,
  };
}

function invitation({ url, adminUrl, adminToken }: Started, key: string): string {
  const hello = `"messages": [{"role": "user", "content": "Hello"}]`;
  const post = `-H 'authorization: Bearer ${key}' -H 'content-type: application/json'`;
  return [
    `Headgate's demo is ready at ${url}`,
    "Behind it is the built-in demo provider: its answers are canned, there is no model. Nothing is kept after Ctrl-C.",
    "",
    "A chat, as the OpenAI API has it:",
    "",
    `  curl ${url}/v1/chat/completions ${post} \\`,
    `    -d '{"model": "demo-chat", ${hello}}'`,
    "",
    "The same, streamed:",
    "",
    `  curl -N ${url}/v1/chat/completions ${post} \\`,
    `    -d '{"model": "demo-chat", "stream": true, ${hello}}'`,
    "",
    "As the Anthropic API has it:",
    "",
    `  curl ${url}/v1/messages -H 'x-api-key: ${key}' -H 'anthropic-version: 2023-06-01' -H 'content-type: application/json' \\`,
    `    -d '{"model": "demo-chat", "max_tokens": 100, ${hello}}'`,
    ...(adminToken === null
      ? []
      : ["", "What the ledger says about them:", "", `  curl ${adminUrl}/requests -H 'authorization: Bearer ${adminToken}'`]),
  ].join("\n");
}
