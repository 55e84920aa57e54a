// Plain http is fine on a machine or in a private network; across the internet, passwords and keys would travel readable.
import { isIP } from "node:net";
import { addressRefusal } from "./address-policy.ts";

const privateSuffix = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home\.arpa|corp)$/;

/** Whether `url` is plain http to a host that looks public. Names are judged by their looks: nothing is resolved. */
export function isPublicPlainHttp(url: string): boolean {
  if (!/^http:/i.test(url)) return false;
  const hostname = new URL(url).hostname.replace(/^\[|\]$/g, "");
  if (isIP(hostname) !== 0) return addressRefusal(hostname, { allowPrivate: false }) === null;
  const name = hostname.replace(/\.$/, "");
  // a name without a dot is one of the local network (a container, a service of a cluster)
  return name.includes(".") && !privateSuffix.test(name);
}
