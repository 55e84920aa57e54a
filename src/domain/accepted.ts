// What a browser says it takes: encodings, and HTML rather than JSON (RFC 9110, section 12.5).

/** The better of `br` and `gzip` that is taken; null: neither. */
export function acceptedEncoding(header: string | undefined): "br" | "gzip" | null {
  const weights = weightsOf(header);
  const weightOf = (name: string) => weights.get(name) ?? weights.get("*") ?? 0;
  const [br, gzip] = [weightOf("br"), weightOf("gzip")];
  if (br > 0 && br >= gzip) return "br";
  return gzip > 0 ? "gzip" : null;
}

/** Whether HTML is asked for by name, and nothing else that is answered here more. */
export function prefersHtml(header: string | undefined): boolean {
  const weights = weightsOf(header);
  const html = weights.get("text/html") ?? 0;
  return html > 0 && html >= (weights.get("application/json") ?? 0);
}

/** `text/html, *` + `/*;q=0.8`: by name in lower case. A weight that can't be read is 0. */
function weightsOf(header: string | undefined): Map<string, number> {
  const weights = new Map<string, number>();
  for (const part of (header ?? "").slice(0, 1000).split(",")) {
    const [name = "", ...parameters] = part.split(";").map((each) => each.trim().toLowerCase());
    const given = parameters.find((parameter) => parameter.startsWith("q="));
    const weight = given === undefined ? 1 : Number(given.slice(2));
    if (name !== "") weights.set(name, weight >= 0 && weight <= 1 ? weight : 0);
  }
  return weights;
}
