// Pages: how a list is asked for and how it is answered.
import { z } from "zod";

/** The query of every list; each list adds its filters. */
export const listQuery = z.strictObject({
  cursor: z.string().min(1).optional().describe("`next_cursor` of the page before."),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** `{"data": […], "next_cursor": null | "…"}`. */
export function listOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() });
}
