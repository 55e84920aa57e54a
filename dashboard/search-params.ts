// State in the URL: every page names the parameters that it keeps there; all of them are text.

/** Keeps the named parameters of a page and drops all else. */
export function textParams<Name extends string>(...names: Name[]) {
  return (raw: Record<string, unknown>): Partial<Record<Name, string>> => {
    const kept: Partial<Record<Name, string>> = {};
    for (const name of names) {
      const value = raw[name];
      if (typeof value === "string" && value !== "") kept[name] = value;
    }
    return kept;
  };
}

/** Plain text both ways: `?search=12` is the text "12", not a number. */
export function parseSearch(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function stringifySearch(search: Record<string, unknown>): string {
  const given = Object.entries(search).filter(([, value]) => typeof value === "string" && value !== "");
  const text = new URLSearchParams(given as [string, string][]).toString();
  return text === "" ? "" : `?${text}`;
}
