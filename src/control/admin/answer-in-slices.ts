// A long list as the text of an answer, made a few rows at a time: between them calls get their turn on the thread.
import { setImmediate as nextTurn } from "node:timers/promises";
import { z } from "zod";

/** Some tenths of a millisecond. */
const rowsPerSlice = 50;

/**
 * `{"data": […], …rest}` as JSON, its rows held to their schema as every answer is: what the schema does not name is left out.
 * @param rest in it `data` is empty
 */
export async function answerInSlices<Row extends z.ZodType, From>(
  schema: z.ZodObject<{ data: z.ZodArray<Row> }>,
  rest: { data: readonly []; next_cursor: string | null },
  rows: readonly From[],
  present: (row: From) => z.output<Row>,
): Promise<string> {
  const slices: string[] = [];
  const slice = schema.shape.data;
  for (let first = 0; first < rows.length; first += rowsPerSlice) {
    if (first > 0) await nextTurn();
    slices.push(JSON.stringify(z.encode(slice, rows.slice(first, first + rowsPerSlice).map(present) as never)).slice(1, -1));
  }
  const around = JSON.stringify(z.encode(schema, rest as never));
  return around.replace('"data":[]', () => `"data":[${slices.join(",")}]`);
}
