// What callers are told whom Globus knows, but who may not come in: why, and what they can do about it.

/** The texts of the refusals of a gateway that admits these domains (none: any). */
export function globusRefusals(domains: readonly string[]) {
  const withWhat = domains.length === 0 ? "" : ` with an identity of one of the permitted domains: ${domains.join(", ")}`;
  const signInAgain = `Log out at https://app.globus.org/logout and sign in again${withWhat}.`;
  const askForGroup = "Ask whoever runs this gateway which group to join.";
  return {
    noSession: `The token belongs to no session of a person who has signed in. ${signInAgain}`,
    domain: (own: readonly string[]) =>
      `You are signed in as a user of ${listed(own)}, who may not use this gateway. ${signInAgain}`,
    policy: `The sign-in does not meet this gateway's authentication policies; it may be too old, or lack a second factor. ${signInAgain}`,
    domainGroup: (domain: string) => `Permission denied due to Globus Group restrictions for users of ${domain}. ${askForGroup}`,
    group: `Permission denied due to Globus Group restrictions. ${askForGroup}`,
    username: "The Globus identity has no username that this gateway accepts.",
    serviceAccount: "The service account's token names no client, no name or no issuer.",
  };
}

function listed(domains: readonly string[]): string {
  return [...new Set(domains)].map((domain) => domain || "no domain").join(", ");
}
