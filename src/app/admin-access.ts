// Who may speak to the admin API, as the configuration and the snapshot say: tokens, ways to sign in, connections over TLS.
import type { IncomingMessage } from "node:http";
import type { Config } from "../config/config.ts";
import type { AuthenticatedToken, SignInWays } from "../control/admin/context.ts";
import type { Clock } from "../core/clock.ts";
import { remoteAddressOf } from "../core/remote-address.ts";
import { digestApiKey } from "../domain/api-key.ts";
import type { HttpClient } from "../egress/http-client.ts";
import { principalOf } from "../gateway/authenticate.ts";
import { announcedIdentity } from "../gateway/identity/announced-callers.ts";
import { forwardedOverTls, SourceAddresses, throttleKey } from "../gateway/identity/source-address.ts";
import type { SnapshotSource } from "../gateway/ports.ts";

export interface AdminAccessOptions {
  config: Config;
  snapshots: SnapshotSource;
  clock: Clock;
  /** For providers that people sign in with. */
  client: HttpClient;
}

export class AdminAccess {
  readonly #options: AdminAccessOptions;
  readonly #addresses: SourceAddresses;

  constructor(options: AdminAccessOptions) {
    this.#options = options;
    this.#addresses = new SourceAddresses(options.config.server.trustedProxies);
  }

  addressOf(request: IncomingMessage): string {
    return this.#addresses.of(request);
  }

  /** Compared as digests: how long it takes says nothing about the token. */
  isAdminToken(token: string): boolean {
    const { adminToken } = this.#options.config;
    return adminToken !== null && digestApiKey(token) === digestApiKey(adminToken.expose());
  }

  authenticate(token: string): AuthenticatedToken {
    if (this.isAdminToken(token)) return { kind: "admin", keyId: null };
    const snapshot = this.#options.snapshots.current();
    const found = snapshot === null ? null : principalOf(snapshot, token, this.#options.clock.nowMs());
    if (found === null) return "unknown";
    if (found === "expired") return "expired";
    const { key } = found;
    if (key === null || !key.scopes.includes("admin")) return "not_admin";
    return { kind: "admin", keyId: key.id, keyName: key.name, userId: key.userId };
  }

  signInWays(): SignInWays {
    const { config, client } = this.#options;
    const { oidc, proxyHeader } = config.identity;
    const proxies = new SourceAddresses(proxyHeader?.trustedProxies ?? []);
    return {
      oidc,
      client,
      hasProxy: proxyHeader !== null,
      announced: (request) => (proxyHeader === null ? null : announcedIdentity(request, proxyHeader, proxies)),
      throttleKey,
    };
  }

  /** Headgate itself speaks plain HTTP: TLS ends at a proxy, which says so, or which the public URL tells of. */
  isSecure(request: IncomingMessage): boolean {
    const { publicUrl } = this.#options.config.server;
    if (publicUrl?.startsWith("https:") && request.headers.host === new URL(publicUrl).host) return true;
    if (!this.#addresses.isTrusted(remoteAddressOf(request))) return false;
    return forwardedOverTls(request.headers["x-forwarded-proto"]);
  }
}
