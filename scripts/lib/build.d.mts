/** Builds unless dist/ was built from exactly these sources with this compiler. */
export function buildIfNeeded(): void;
