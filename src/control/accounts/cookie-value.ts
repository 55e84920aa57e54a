// One cookie of the `cookie` header.

/**
 * Null: there is none, or there are several that differ. Whoever can set cookies for a parent domain can put one of their own before ours
 * (RFC 6265, section 8.6), and nothing says which is which: then nobody is signed in rather than somebody else.
 */
export function cookieValue(header: string | undefined, name: string): string | null {
  const values = (header ?? "")
    .split(";")
    .map((part) => part.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value = ""] = values;
  return value !== "" && values.every((each) => each === value) ? value : null;
}
