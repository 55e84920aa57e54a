// What an endpoint of a manifest is called: `<manifest>.<key>`, as far as the rules for names let it.

const nameMax = 64;

/** `id` is the endpoint's own: its digits tell it apart where the name is taken. */
export function endpointNameOf(manifestName: string, key: string, id: string, isTaken: (name: string) => boolean): string {
  const wanted = `${manifestName}.${key}`.replace(/[^A-Za-z0-9._-]/g, "-");
  const digits = id.slice(id.indexOf("_") + 1);
  const candidates = [wanted.slice(0, nameMax), ...[6, 12, 24].map((length) => withSuffix(wanted, digits.slice(0, length)))];
  return candidates.find((name) => !isTaken(name)) ?? withSuffix(wanted, digits);
}

function withSuffix(name: string, suffix: string): string {
  return `${name.slice(0, nameMax - suffix.length - 1)}-${suffix}`;
}
