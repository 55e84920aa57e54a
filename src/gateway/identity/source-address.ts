// Which address a request comes from: the connection's, or behind proxies that are trusted the one that they report.

import { BlockList, isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { ownText } from "../../core/own-text.ts";
import { remoteAddressOf } from "../../core/remote-address.ts";
import type { CallerRequest } from "../caller-request.ts";
import { RecentMap } from "../responses/recent-map.ts";

const hopsMax = 32;
const mappedPrefix = "::ffff:";
const mappedBits = 96;
const verdictsMax = 2000;

/**
 * Each proxy appends the address it was called from to `x-forwarded-for`, so the header is believed from the right, as
 * far as trusted proxies go. What is left of the first untrusted hop is whatever that caller wrote.
 */
export class SourceAddresses {
  readonly #trusted = new BlockList();
  readonly #trustsAny: boolean;
  /** Asking the list takes microseconds. */
  readonly #verdicts = new RecentMap<boolean>(verdictsMax);

  /** `trustedProxies`: addresses and CIDR ranges; throws an Error that names the one which is neither. */
  constructor(trustedProxies: readonly string[]) {
    for (const network of trustedProxies) addNetwork(this.#trusted, network);
    this.#trustsAny = trustedProxies.length > 0;
  }

  /** The caller's address in its usual form, an IPv4-mapped one as IPv4; `unknown` when the connection is gone already. */
  of(req: CallerRequest): string {
    const remote = usualForm(remoteAddressOf(req));
    if (remote === null) return "unknown";
    if (!this.#trustsAny || !this.#contains(remote)) return remote;
    const header = req.headers["x-forwarded-for"];
    return header === undefined ? remote : this.#walk(remote, Array.isArray(header) ? header.join(",") : header);
  }

  isTrusted(address: string): boolean {
    const usual = this.#trustsAny ? usualForm(address) : null;
    return usual !== null && this.#contains(usual);
  }

  /** The first untrusted address from the right; when the hops end, are no addresses, or are too many: the last one seen. */
  #walk(remote: string, hops: string): string {
    let address = remote;
    let end = hops.length;
    for (let hop = 0; hop < hopsMax && end >= 0; hop++) {
      const comma = hops.lastIndexOf(",", end - 1);
      const next = addressOfHop(hops.slice(comma + 1, end).trim());
      if (next === null) return address;
      address = next;
      if (!this.#contains(address)) return address;
      end = comma;
    }
    return address;
  }

  #contains(usual: string): boolean {
    let verdict = this.#verdicts.get(usual);
    if (verdict === undefined) {
      verdict = this.#trusted.check(usual, isIPv4(usual) ? "ipv4" : "ipv6");
      this.#verdicts.set(ownText(usual), verdict);
    }
    return verdict;
  }
}

/** Whether `x-forwarded-proto` of a trusted proxy says so: where each proxy appends its own, the first is what the browser spoke. */
export function forwardedOverTls(header: string | string[] | undefined): boolean {
  const [first = ""] = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",");
  return first.trim().toLowerCase() === "https";
}

/** What attempts are counted by: whoever has one IPv6 address has all those of its /64, so they count as one. */
export function throttleKey(address: string): string {
  const usual = usualForm(address);
  if (usual === null || isIPv4(usual)) return usual ?? address;
  const network = ipaddr.IPv6.parse(usual).parts.slice(0, 4);
  return `${network.map((part) => part.toString(16)).join(":")}::/64`;
}

/** Some proxies append the port: `192.0.2.1:4711`, `[2001:db8::1]:4711`. */
function addressOfHop(hop: string): string | null {
  if (hop.length > 64) return null;
  const match = /^\[([^\]]+)\](?::\d+)?$/.exec(hop) ?? /^([\d.]+):\d+$/.exec(hop);
  return usualForm(match?.[1] ?? hop);
}

/** Null: not an address. */
function usualForm(text: string): string | null {
  if (isIPv4(text)) return text;
  // Every IPv4 caller of a socket that listens on :: looks like this.
  if (text.startsWith(mappedPrefix)) {
    const mapped = text.slice(mappedPrefix.length);
    if (isIPv4(mapped)) return mapped;
  }
  if (!isIPv6(text)) return null;
  const address = ipaddr.IPv6.parse(withoutZone(text));
  return address.isIPv4MappedAddress() ? address.toIPv4Address().toString() : address.toRFC5952String();
}

/** `fe80::1%eth0`: which of this machine's links it is on says nothing about who it is. */
function withoutZone(text: string): string {
  return text.replace(/%[^/]*/, "");
}

function addNetwork(list: BlockList, network: string): void {
  if (!ipaddr.isValidCIDR(network)) {
    if (!ipaddr.isValid(network)) throw new Error(`"${network}" is neither an address nor a network such as 10.0.0.0/8`);
    const address = ipaddr.process(withoutZone(network));
    list.addAddress(address.toString(), address.kind());
    return;
  }
  const [address, bits] = ipaddr.parseCIDR(withoutZone(network));
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= mappedBits) {
    list.addSubnet(address.toIPv4Address().toString(), bits - mappedBits, "ipv4");
  } else {
    list.addSubnet(address.toString(), bits, address.kind());
  }
}
