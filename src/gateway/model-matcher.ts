// Which models a caller may use: what its key names, within what its group grants.

export type ModelMatcher = (model: string) => boolean;

/** Matches every model. Compare with it to know that nothing is held back. */
export const everyModel: ModelMatcher = () => true;

function matcherOf(patterns: readonly string[]): ModelMatcher {
  if (patterns.includes("*")) return everyModel;
  const exact = new Set(patterns.filter((pattern) => !pattern.includes("*")));
  const globs = patterns.filter((pattern) => pattern.includes("*")).map(globRegExp);
  if (globs.length === 0) return (model) => exact.has(model);
  return (model) => exact.has(model) || globs.some((glob) => glob.test(model));
}

/** `*` stands for any run of characters; everything else is literal. */
function globRegExp(pattern: string): RegExp {
  const literal = pattern.split(/\*+/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${literal.join(".*")}$`, "s");
}

/** The first of the patterns that matches `model`, for showing; null: none does. */
export function matchingPattern(patterns: readonly string[], model: string): string | null {
  return patterns.find((pattern) => matcherOf([pattern])(model)) ?? null;
}

/** The models that both lists allow; null for the key's list means whatever the group allows. */
export function modelMatcher(keyModels: readonly string[] | null, groupModels: readonly string[]): ModelMatcher {
  const group = matcherOf(groupModels);
  if (keyModels === null) return group;
  const key = matcherOf(keyModels);
  if (key === everyModel) return group;
  return (model) => key(model) && group(model);
}
