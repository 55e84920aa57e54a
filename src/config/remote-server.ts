// Which Headgate the commands that speak to the admin API mean, and with which token: options, then variables, then the configuration.
import { resolve } from "node:path";
import { Secret } from "../core/secret.ts";
import { ConfigError } from "./config-error.ts";
import { type Environment, readVariable } from "./environment.ts";
import { findFiles, loadConfig } from "./load.ts";
import { openableUrl } from "./openable-url.ts";
import { readOptionalFile } from "./read-file.ts";

export interface RemoteServerRequest {
  url?: string | undefined;
  tokenFile?: string | undefined;
  config?: string | undefined;
  /** Default: this process's. */
  env?: Environment | undefined;
  /** Default: this process's. */
  cwd?: string | undefined;
}

export interface RemoteServer {
  /** Without a trailing slash, `/admin/api/v1` not included. */
  url: string;
  /** Null: there is none. */
  token: Secret | null;
  /** In words: the variable or the file. */
  tokenSource: string;
}

/** Throws ConfigError when what is there can't be used. A `.env` is read as `headgate start` reads it. */
export function loadRemoteServer(request: RemoteServerRequest): RemoteServer {
  const { env: processEnv = process.env, cwd = process.cwd() } = request;
  const { env } = findFiles({ config: request.config }, processEnv, cwd);
  const named = request.url ?? readVariable(env, "HEADGATE_URL");
  const source = request.url === undefined ? "HEADGATE_URL" : "--url";
  const url = named === undefined ? configuredUrl(request, processEnv, cwd) : baseUrl(named, source);
  return { url, ...readToken(env, request.tokenFile, cwd) };
}

/** Whether colours are unwanted (https://no-color.org). */
export function isColourRefused(env: Environment = process.env): boolean {
  return (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
}

function baseUrl(text: string, source: string): string {
  const url = /^https?:\/\//i.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null) throw new ConfigError([`${source}: must be a URL such as https://headgate.example.org`]);
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "")
    throw new ConfigError([`${source}: must have no user name, query or fragment; the token is read from HEADGATE_TOKEN`]);
  return url.href.replace(/\/+$/, "").replace(/\/admin\/api\/v1$/, "");
}

/** Where the Headgate of this configuration listens. Port 0 is for the one who prints it. */
function configuredUrl({ config: configFile }: RemoteServerRequest, env: Environment, cwd: string): string {
  const { host, port } = loadConfig({ overrides: { config: configFile }, env, cwd }).config.server;
  if (port === 0) throw new ConfigError(["server.port is 0, so that only --url or HEADGATE_URL can say where Headgate listens"]);
  return openableUrl(`http://${host.includes(":") ? `[${host}]` : host}:${port}`);
}

function readToken(env: Environment, tokenFile: string | undefined, cwd: string): Pick<RemoteServer, "token" | "tokenSource"> {
  if (tokenFile !== undefined) {
    const path = resolve(cwd, tokenFile);
    const text = readOptionalFile(path);
    if (text === null) throw new ConfigError([`--token-file: there is no file ${path}`]);
    return { token: checkedToken(text.trim(), path), tokenSource: path };
  }
  // The one for this purpose comes first: the other is also what a server on this machine is set up with.
  for (const name of ["HEADGATE_TOKEN", "HEADGATE_ADMIN_TOKEN"]) {
    const value = readVariable(env, name);
    if (value !== undefined) return { token: checkedToken(value, name), tokenSource: name };
  }
  return { token: null, tokenSource: "nowhere" };
}

/** Such as a header can carry; the value is never repeated. */
function checkedToken(text: string, source: string): Secret {
  if (!/^[\x21-\x7e]+$/.test(text)) throw new ConfigError([`${source}: must hold one token, without spaces or line breaks`]);
  return new Secret(text);
}
