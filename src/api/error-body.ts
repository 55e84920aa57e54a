// The one shape of an error of the admin API.
import { z } from "zod";

const errorBody = z
  .object({
    error: z.object({
      code: z.string().describe("Stable: match on this. docs/errors.md lists them all."),
      message: z.string(),
      field: z.string().optional().describe("Dotted path of the first field at fault."),
      conflicts: z.array(z.unknown()).optional().describe("All conflicts at once."),
    }),
  })
  .meta({ id: "Error" });

/** The answers that every route may give besides its own. */
export const errorResponses = { "4xx": errorBody, "5xx": errorBody };
