// Pages: how a list is asked for and how it is answered.
import { z } from "zod";

/** The query of every list; each list adds its filters. */
export const listQuery = z.strictObject({
  cursor: z.string().min(1).optional().describe("`next_cursor` of the page before."),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** Text to be found in what `where` says. */
export function searchField(where: string) {
  return z
    .string()
    .max(200)
    .optional()
    .describe(
      `Text that is contained in ${where}, upper and lower case alike in every script; no sign has a meaning of its own. A letter that is more than one in the other case, as ß is, is found as itself alone.`,
    );
}

/** `{"data": […], "next_cursor": null | "…"}`. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}
