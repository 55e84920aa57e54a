// Headgate keys on the wire.
import { z } from "zod";
import { scopes } from "../domain/api-key.ts";
import { checkModelName } from "../domain/endpoint-fields.ts";
import { bodiesField, bodiesView } from "./body-keeping.ts";
import { checkedText } from "./checked-text.ts";
import { limitsField, limitsView } from "./limits.ts";
import { listQuery, searchField } from "./list.ts";
import { timeField, timeText } from "./time.ts";

const name = checkedText((text) => (text.trim() !== "" && text.length <= 100 ? null : "must be 1 to 100 characters"));
const models = z
  .array(checkedText(checkModelName))
  .min(1, { error: "must name at least one model; leave it out for all" })
  .max(1000, { error: "must be at most 1000 names or patterns" })
  .describe("Names of models, or patterns with `*`. Left out: all that the owner may use.");
const scopeList = z
  .array(z.enum(scopes))
  .min(1, { error: "must hold at least one scope" })
  .describe("`inference` calls models, `passthrough` reaches account paths and named endpoints, `admin` is this API.");

export const createKeyBody = z.strictObject({
  name,
  user_id: z.string().nullish().describe("Whose key it is: it can do no more than the user."),
  group_id: z.string().nullish().describe("Who pays. Default: the user's primary group, else everyone."),
  models: models.nullish(),
  scopes: scopeList.nullish(),
  expires_at: timeField.nullish(),
  limits: limitsField.nullish(),
  bodies: bodiesField.nullish(),
});

export const patchKeyBody = z.strictObject({
  name: name.optional(),
  group_id: z.string().nullish(),
  models: models.nullish(),
  scopes: scopeList.nullish(),
  expires_at: timeField.nullish(),
  limits: limitsField.nullish(),
  bodies: bodiesField.nullish(),
});

export const rotateKeyBody = z
  .strictObject({
    overlap_seconds: z
      .number()
      .int()
      .min(0)
      .max(30 * 86_400, { error: "must be at most 2592000 (30 days)" })
      .default(0)
      .describe("How long the old key keeps working beside the new one."),
  })
  .nullish();

export const keysQuery = listQuery.extend({
  search: searchField("the name or the prefix"),
  user: z.string().min(1).optional().describe("Id of the user whose keys they are."),
  group: z.string().min(1).optional().describe("Id of the group that pays."),
});

export const keyView = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string().describe("The public part of the key, by which people tell keys apart."),
    user_id: z.string().nullable(),
    user_name: z.string().nullable(),
    group_id: z.string().describe("Who pays."),
    group_name: z.string().nullable(),
    models: z.array(z.string()).nullable(),
    scopes: z.array(z.enum(scopes)),
    expires_at: timeText.nullable(),
    limits: limitsView,
    bodies: bodiesView.nullable(),
    origin: z.string().describe("`admin`, `config` or `system`: who made it."),
    last_used_at: timeText
      .nullable()
      .describe("When its newest request began; null: it was never used, or longer ago than requests are kept."),
    previous_expires_at: timeText
      .nullable()
      .describe("Until when the key before the last rotation works too; null: there was none, or it worked no longer."),
    created_at: timeText,
    updated_at: timeText,
    version: z.number().int(),
  })
  .meta({ id: "Key" });

/** The answer of create and rotate: the only ones that hold the key itself. */
export const newKeyView = keyView
  .extend({ key: z.string().describe("Shown once; stored as a digest only.") })
  .meta({ id: "NewKey" });

export type KeyBody = z.output<typeof keyView>;
export type NewKeyBody = z.output<typeof newKeyView>;
