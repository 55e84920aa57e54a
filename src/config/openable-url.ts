// A URL that somebody at this machine can open.

/** `http://0.0.0.0:8080` and `http://[::]:8080` listen everywhere, and are no places to go to: the machine itself is. */
export function openableUrl(url: string): string {
  return url.replace(/^(?<scheme>https?:\/\/)(?:0\.0\.0\.0|\[::\])(?=[:/]|$)/, "$<scheme>127.0.0.1");
}
