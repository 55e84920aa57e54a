/** Builds unless the last build was of exactly these sources with these tools. */
export function buildIfNeeded(): void;
