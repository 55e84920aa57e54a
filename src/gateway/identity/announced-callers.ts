// Callers whom a trusted proxy names in headers of its own, having signed them in itself.

import { ownText } from "../../core/own-text.ts";
import { remoteAddressOf } from "../../core/remote-address.ts";
import { type ExternalGroup, type ProvenIdentity, userIdOf } from "../../domain/identity.ts";
import type { ProxyHeaderConfig } from "../../domain/identity-config.ts";
import type { Limits } from "../../domain/limits.ts";
import type { Principal } from "../access.ts";
import type { CallerRequest } from "../caller-request.ts";
import type { IdentitySource } from "../ports.ts";
import { RecentMap } from "../responses/recent-map.ts";
import type { Snapshot } from "../snapshot.ts";
import { SourceAddresses } from "./source-address.ts";

export interface AnnouncedCallersOptions {
  config: ProxyHeaderConfig;
  source: Pick<IdentitySource, "seen">;
  defaultLimits: Limits;
}

const entriesMax = 10_000;
const nameMax = 320;
const groupsMax = 500;

interface Announced {
  identity: ProvenIdentity;
  principal: Principal;
}

export class AnnouncedCallers {
  readonly #options: AnnouncedCallersOptions;
  readonly #proxies: SourceAddresses;
  /** By both headers. */
  readonly #known = new RecentMap<Announced>(entriesMax);

  constructor(options: AnnouncedCallersOptions) {
    this.#options = options;
    this.#proxies = new SourceAddresses(options.config.trustedProxies);
  }

  /** Null when the connection is not from a trusted proxy, or names nobody. */
  of(snapshot: Snapshot, req: CallerRequest): Principal | null {
    const { config, source, defaultLimits } = this.#options;
    const announced = announcement(req, config, this.#proxies);
    if (announced === null) return null;
    const { user, groups } = announced;
    const name = `${user}\n${groups}`;
    let known = this.#known.get(name);
    if (known === undefined) {
      const identity = identityOf(ownText(user), ownText(groups));
      known = { identity, principal: snapshot.principalOf(identity, defaultLimits) };
      this.#known.set(name, known);
    } else if (!snapshot.isCurrent(known.principal)) {
      known.principal = snapshot.principalOf(known.identity, defaultLimits);
    }
    // It writes down what is new, and knows what is not.
    source.seen(known.identity);
    return known.principal;
  }
}

/** Who signs in as the proxy says; null as for callers. `proxies`: those of `config`. */
export function announcedIdentity(
  req: CallerRequest,
  config: ProxyHeaderConfig,
  proxies: SourceAddresses,
): ProvenIdentity | null {
  const announced = announcement(req, config, proxies);
  return announced === null ? null : identityOf(announced.user, announced.groups);
}

function announcement(
  req: CallerRequest,
  config: ProxyHeaderConfig,
  proxies: SourceAddresses,
): { user: string; groups: string } | null {
  const user = headerOf(req, config.userHeader);
  if (user === "" || user.length > nameMax || !proxies.isTrusted(remoteAddressOf(req))) return null;
  return { user, groups: headerOf(req, config.groupsHeader) };
}

/** A header that came twice could be one of the caller's beside the proxy's: it names nobody. */
function headerOf(req: CallerRequest, name: string): string {
  const values = req.headersDistinct[name];
  return values?.length === 1 ? (values[0] as string).trim() : "";
}

function identityOf(user: string, groups: string): ProvenIdentity {
  const names = new Set(groups.split(",").map((group) => group.trim()));
  names.delete("");
  const external: ExternalGroup[] = [...names].slice(0, groupsMax).map((name) => ({ externalId: name, name }));
  return {
    userId: userIdOf("proxy", user),
    source: "proxy",
    subject: user,
    username: user,
    name: user,
    email: user.includes("@") ? user : null,
    groups: external,
    idpId: null,
    idpName: null,
    authService: "proxy",
    issuedAtMs: null,
    expiresAtMs: null,
  };
}
