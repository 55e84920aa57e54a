// Which names of models a list of names and patterns stands for.

export type ModelMatcher = (model: string) => boolean;

/** Matches every model. Compare with it to know that nothing is held back. */
export const everyModel: ModelMatcher = () => true;

const noModel: ModelMatcher = () => false;

/** Few lists are held by many callers: each is read once. Keyed by the list itself, which lives as long as the snapshot. */
const known = new WeakMap<readonly string[], ModelMatcher>();

function matcherOf(patterns: readonly string[]): ModelMatcher {
  let matcher = known.get(patterns);
  if (matcher === undefined) {
    matcher = readPatterns(patterns);
    known.set(patterns, matcher);
  }
  return matcher;
}

function readPatterns(patterns: readonly string[]): ModelMatcher {
  if (patterns.length === 0) return noModel;
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

/** The models that any of the lists grants. */
export function grantMatcher(lists: readonly (readonly string[])[]): ModelMatcher {
  const matchers = lists.map(matcherOf).filter((matcher) => matcher !== noModel);
  if (matchers.includes(everyModel)) return everyModel;
  const [first, ...others] = matchers;
  if (first === undefined) return noModel;
  if (others.length === 0) return first;
  return (model) => matchers.some((matcher) => matcher(model));
}

/** The models that both `list` and `granted` allow; null for the list: whatever is granted. */
export function restrictedTo(list: readonly string[] | null, granted: ModelMatcher): ModelMatcher {
  if (list === null) return granted;
  const own = matcherOf(list);
  if (own === everyModel) return granted;
  if (granted === everyModel) return own;
  return (model) => own(model) && granted(model);
}
