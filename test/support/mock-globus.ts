// Globus Auth and Groups on a real socket, speaking the wire format that was captured from the real ones; misbehaves as told.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { listenOnOwnPort } from "./own-port.ts";

export interface GlobusIdentityDetail {
  sub: string;
  username: string;
  name: string;
  identity_provider: string;
  identity_provider_display_name: string;
}

export interface GlobusGroup {
  id: string;
  name?: string;
  /** Of the caller's membership; absent: the answer has no `my_memberships`, as in the captured one. */
  status?: string;
}

/** What Globus knows about a token. Change it at any time: the next call sees it. */
export interface GlobusToken {
  active: boolean;
  /** Seconds since the epoch. */
  exp: number;
  username: string;
  name: string;
  client_id: string;
  identities: GlobusIdentityDetail[];
  /** Which of the identities the session has, by `sub`. */
  session: string[];
  /** Per policy that is asked about; true unless said otherwise. */
  policies: Record<string, boolean>;
  groups: GlobusGroup[];
  /** Put over the answer to introspection, whatever it is. */
  overrides: Record<string, unknown>;
}

export type GlobusCall = "introspect" | "dependentToken" | "groups";

/** In place of the usual answer. `hang`: nothing is ever sent. */
export interface GlobusFailure {
  status?: number;
  body?: string;
  headers?: Record<string, string>;
  hang?: boolean;
}

export interface GlobusRequest {
  call: GlobusCall | null;
  method: string;
  url: string;
  /** Names and values in turn, as sent. */
  rawHeaders: string[];
  headers: IncomingMessage["headers"];
  body: string;
}

/** A person who has signed in with one identity, of the domain of `username`; fields of `changes` replace the usual ones. */
export function globusPerson(username: string, changes: Partial<GlobusToken> = {}): GlobusToken {
  const domain = username.slice(username.lastIndexOf("@") + 1);
  const sub = `identity-of-${username}`;
  const identity = {
    sub,
    username,
    name: "U",
    identity_provider: `idp-of-${domain}`,
    identity_provider_display_name: `IdP ${domain}`,
  };
  return {
    active: true,
    exp: Math.floor(Date.now() / 1000) + 3600,
    username,
    name: "U",
    client_id: "client-of-the-login-helper",
    identities: [identity],
    session: [sub],
    policies: {},
    groups: [],
    overrides: {},
    ...changes,
  };
}

export class MockGlobus {
  /** Both services: `HEADGATE_GLOBUS_AUTH_URL` and `HEADGATE_GLOBUS_GROUPS_URL`. */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** What is not in it is inactive. */
  readonly tokens = new Map<string, GlobusToken>();
  requests: GlobusRequest[] = [];
  /** Before each answer, in ms. */
  delayMs = 0;
  readonly failures = new Map<GlobusCall, GlobusFailure>();
  readonly #server: Server;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();

  constructor(server: Server, { clientId, clientSecret }: { clientId: string; clientSecret: string }) {
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.#port}`;
    this.clientId = clientId;
    this.clientSecret = clientSecret;
    // Whoever asks may leave, or `stop` may cut, before the request is here.
    server.on("request", (request, response) => void this.#handle(request, response).catch(() => response.destroy()));
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** Requests of one kind so far. */
  count(call: GlobusCall): number {
    return this.requests.filter((request) => request.call === call).length;
  }

  /** Forgets tokens, requests and scripts. */
  reset(): void {
    this.tokens.clear();
    this.requests = [];
    this.failures.clear();
    this.delayMs = 0;
  }

  /** As if the machine were gone; `start()` brings it back on the same port. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers, rawHeaders } = request;
    const call = calls[`${method} ${url}`] ?? null;
    const body = Buffer.concat(chunks).toString();
    this.requests.push({ call, method, url, rawHeaders, headers, body });
    if (this.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.delayMs));
    const failure = call === null ? undefined : this.failures.get(call);
    if (failure?.hang) return;
    const usual = this.#answer(call, headers, new URLSearchParams(body));
    response.writeHead(failure?.status ?? usual.status, { "content-type": "application/json", ...failure?.headers });
    response.end(failure?.body ?? JSON.stringify(usual.body));
  }

  #answer(
    call: GlobusCall | null,
    headers: IncomingMessage["headers"],
    form: URLSearchParams,
  ): { status: number; body: unknown } {
    if (call === null) return { status: 404, body: { error: "not_found" } };
    if (call === "groups") return this.#groups(headers.authorization);
    const basic = `Basic ${Buffer.from(`${this.clientId}:${this.clientSecret}`).toString("base64")}`;
    if (headers.authorization !== basic) return { status: 401, body: { error: "invalid_client" } };
    if (headers["content-type"] !== "application/x-www-form-urlencoded")
      return { status: 400, body: { error: "invalid_request" } };
    const token = form.get("token") ?? "";
    const known = this.tokens.get(token);
    if (call === "introspect") return { status: 200, body: known?.active ? introspected(known, form) : { active: false } };
    const isGrant = form.get("grant_type") === "urn:globus:auth:grant_type:dependent_token";
    if (!isGrant || !known?.active) return { status: 400, body: { error: isGrant ? "invalid_grant" : "unsupported_grant_type" } };
    return { status: 200, body: dependentTokens(token) };
  }

  #groups(authorization: string | undefined): { status: number; body: unknown } {
    const [, token = ""] = /^Bearer groups-token-for-(.+)$/.exec(authorization ?? "") ?? [];
    const known = this.tokens.get(token);
    if (known === undefined) return { status: 401, body: { code: "UNAUTHORIZED" } };
    return { status: 200, body: known.groups.map(({ status, ...group }) => withMembership(group, status)) };
  }
}

const calls: Record<string, GlobusCall> = {
  "POST /v2/oauth2/token/introspect": "introspect",
  "POST /v2/oauth2/token": "dependentToken",
  "GET /v2/groups/my_groups": "groups",
};

function introspected(token: GlobusToken, form: URLSearchParams): Record<string, unknown> {
  const { exp, client_id, username, name, identities, session, overrides } = token;
  const included = form.get("include")?.split(",") ?? [];
  const policies = form.get("authentication_policies")?.split(",") ?? [];
  const authentications = identities
    .filter(({ sub }) => session.includes(sub))
    .map(({ sub, identity_provider: idp }) => [sub, { idp, auth_time: 1 }]);
  const evaluations = policies.map((policy) => [policy, { evaluation: token.policies[policy] ?? true }]);
  return {
    active: true,
    exp,
    scope: "https://auth.globus.org/scopes/gateway/action_all",
    client_id,
    username,
    name,
    iss: "https://auth.globus.org",
    ...(included.includes("identity_set_detail") && { identity_set_detail: identities }),
    ...(included.includes("session_info") && {
      session_info: { session_id: "s", authentications: Object.fromEntries(authentications) },
    }),
    ...(policies.length > 0 && { policy_evaluations: Object.fromEntries(evaluations) }),
    ...overrides,
  };
}

/** The Groups service's token is not the first, as it needn't be. */
function dependentTokens(token: string): unknown[] {
  const common = { token_type: "Bearer", expires_in: 172_800 };
  return [
    { ...common, access_token: `transfer-token-for-${token}`, resource_server: "transfer.api.globus.org", scope: "transfer" },
    { ...common, access_token: `groups-token-for-${token}`, resource_server: "groups.api.globus.org", scope: "view_my_groups" },
  ];
}

function withMembership(group: { id: string; name?: string }, status: string | undefined): Record<string, unknown> {
  return status === undefined ? group : { ...group, my_memberships: [{ group_id: group.id, role: "member", status }] };
}

/** Starts it on a free port of 127.0.0.1. */
export async function startMockGlobus({ clientId = "gateway-app", clientSecret = "gateway+secret=" } = {}): Promise<MockGlobus> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  await listenOnOwnPort(server);
  return new MockGlobus(server, { clientId, clientSecret });
}
