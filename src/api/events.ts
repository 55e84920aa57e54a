// What is told while it happens: which topics to listen to, and what an event holds.
import { z } from "zod";
import { topics } from "../domain/topics.ts";

const topicName = z.enum(topics).meta({ id: "Topic" });

const topicList = z
  .string()
  .transform((text) => text.split(",").map((name) => name.trim()))
  .pipe(z.array(topicName).min(1));

export const eventsQuery = z.strictObject({
  topics: topicList.optional().describe("Separated by commas. Default: all that the role may read."),
});

/** The `data` of an event `change`. */
export const changeEvent = z.object({ topics: z.array(topicName) }).meta({ id: "ChangeEvent" });
