// Names of people and groups, and lists of names of models and groups, on the wire.
import { z } from "zod";
import { checkModelName } from "../domain/endpoint-fields.ts";
import { checkedText } from "./checked-text.ts";

const longestName = 200;

/** What people call a person or a group. */
export const displayName = checkedText((text) => {
  if (text.trim() === "" || text.length > longestName) return `must be 1 to ${longestName} characters`;
  return /\p{Cc}/u.test(text) ? "must not contain control characters" : null;
});

/** The name of a model, or a pattern with `*`. */
export const modelPattern = checkedText(checkModelName);

export const modelPatterns = z.array(modelPattern).max(1000, { error: "must be at most 1000 names or patterns" });

/** Groups by name, id or external id; they need not be there yet. */
export const groupNames = z
  .array(checkedText((text) => (text.trim() !== "" && text.length <= 256 ? null : "must be 1 to 256 characters")))
  .min(1, { error: "must name at least one group; null opens it to all" })
  .max(100, { error: "must be at most 100 groups" });
