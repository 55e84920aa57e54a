// Plain http is fine on a machine or in a private network; across the internet, passwords and tokens would travel readable.
import ipaddr from "ipaddr.js";

const privateRanges = new Set(["private", "loopback", "linkLocal", "uniqueLocal", "carrierGradeNat", "unspecified"]);
const privateSuffix = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home\.arpa|corp)$/;

/** A warning, beginning with `where`, when `url` goes to a public host over plain http; else null. Names only the host. */
export function plainHttpWarning(where: string, url: string): string | null {
  if (!/^http:/i.test(url)) return null;
  const { hostname } = new URL(url);
  if (!isPublic(hostname)) return null;
  return `${where}: plain http to ${hostname}: whoever is on the way can read and change what is sent; use https`;
}

/** By what the name looks like: nothing is resolved here. */
function isPublic(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(address)) return !privateRanges.has(ipaddr.process(address).range());
  const name = hostname.replace(/\.$/, "");
  // a name without a dot is one of the local network (a container, a service of a cluster)
  return name.includes(".") && !privateSuffix.test(name);
}
