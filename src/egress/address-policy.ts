// Which IP addresses Headgate may connect to: never link-local, cloud metadata or reserved ones.
import ipaddr from "ipaddr.js";

/** Addresses at which clouds hand credentials to whoever asks, outside the link-local range. */
const metadataAddresses = new Map([
  ["100.100.100.200", "Alibaba Cloud"],
  ["168.63.129.16", "Azure"],
  ["192.0.0.192", "Oracle Cloud"],
  ["fd20:ce::254", "Google Cloud"],
]);

/** EC2's own services in IPv6: instance metadata (::254), pod identity (::23), DNS and time. */
const ec2Services = ipaddr.IPv6.parseCIDR("fd00:ec2::/32");

/**
 * Made for benchmarks (RFC 2544), but in daily life what local proxies answer in place of every real address
 * ("fake IP" DNS): a private range in all but name. ipaddr.js calls it reserved.
 */
const localProxyRange = ipaddr.IPv4.parseCIDR("198.18.0.0/15");

const publicRanges = new Set(["unicast", "as112", "as112v6", "amt"]);
const privateRanges = new Set(["private", "loopback", "carrierGradeNat", "uniqueLocal"]);
const rangeNames: Record<string, string> = {
  linkLocal: "a link-local address",
  unspecified: "an unspecified address",
  multicast: "a multicast address",
  broadcast: "a broadcast address",
};

/** The IPv4 address that an IPv6 transition format carries (RFC 4291, 6052, 7915, 3056), or null. */
function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 | null {
  const bytes = address.toByteArray();
  const startsWith = (...prefix: number[]) => prefix.every((byte, index) => bytes[index] === byte);
  const zeros = new Array<number>(8).fill(0);
  if (startsWith(0x20, 0x02)) return new ipaddr.IPv4(bytes.slice(2, 6)); // 6to4
  const mapped = startsWith(...zeros, 0, 0, 0xff, 0xff); // ::ffff:a.b.c.d
  const translated = startsWith(...zeros, 0xff, 0xff, 0, 0); // ::ffff:0:a.b.c.d
  const nat64 = startsWith(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0); // 64:ff9b::a.b.c.d
  const compatible = startsWith(...zeros, 0, 0, 0, 0) && (bytes[12] !== 0 || bytes[13] !== 0); // ::a.b.c.d, not :: or ::1
  return mapped || translated || nat64 || compatible ? new ipaddr.IPv4(bytes.slice(12)) : null;
}

function refusalOf(address: ipaddr.IPv4 | ipaddr.IPv6, allowPrivate: boolean): string | null {
  if (address instanceof ipaddr.IPv6) {
    const inner = embeddedIpv4(address);
    if (inner !== null) return refusalOf(inner, allowPrivate);
    if (address.match(ec2Services)) return "the address of a cloud metadata service (AWS)";
    // A zone (fe80::1%eth0) says through which interface, not what the address is.
    address = new ipaddr.IPv6(address.toByteArray());
  }
  const cloud = metadataAddresses.get(address.toString());
  if (cloud !== undefined) return `the address of a cloud metadata service (${cloud})`;
  const range = address instanceof ipaddr.IPv4 && address.match(localProxyRange) ? "private" : address.range();
  if (publicRanges.has(range)) return null;
  if (privateRanges.has(range)) return allowPrivate ? null : "a private address";
  // Includes Teredo and the local NAT64 prefix (RFC 8215): where the IPv4 address sits in them can't be told.
  return rangeNames[range] ?? "a reserved address";
}

/**
 * Why Headgate will not connect to `ip`, as words that complete "10.0.0.1 is …", or null when it may.
 * IPv4 addresses inside IPv6 ones (mapped, translated, NAT64, 6to4) are judged as what they lead to.
 * `allowPrivate` is for endpoints that an administrator made: private and loopback addresses are fine there.
 */
export function addressRefusal(ip: string, { allowPrivate }: { allowPrivate: boolean } = { allowPrivate: true }): string | null {
  if (!ipaddr.isValid(ip)) return "not an IP address";
  return refusalOf(ipaddr.parse(ip), allowPrivate);
}
