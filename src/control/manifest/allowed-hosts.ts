// The hosts that a manifest's entries may point to, where an administrator has said so.

/** `allowed` holds hosts, with a port where only that port will do; empty: any host. */
export function isAllowedHost(url: URL, allowed: readonly string[]): boolean {
  if (allowed.length === 0) return true;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return allowed.some((host) => {
    const wanted = host.toLowerCase();
    return wanted === url.hostname || wanted === `${url.hostname}:${port}` || `[${wanted}]` === url.hostname;
  });
}
