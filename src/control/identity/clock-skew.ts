// How far an identity provider's clock may be from this machine's.

export const clockSkewMs = 30_000;
