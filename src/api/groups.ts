// Groups and who is in them, on the wire.
import { z } from "zod";
import { bodiesField, bodiesView } from "./body-keeping.ts";
import { checkedText } from "./checked-text.ts";
import { limitsField, limitsView } from "./limits.ts";
import { listQuery, searchField } from "./list.ts";
import { displayName, modelPattern, modelPatterns } from "./name-lists.ts";
import { timeText } from "./time.ts";
import { emailAddress } from "./users.ts";

/** An access list names groups by name or id: a name that looks like an id would pass for that group. */
const groupName = displayName.refine((name) => !/^grp_/i.test(name), { error: "must not begin with 'grp_', as ids do" });

const settings = {
  models: modelPatterns.nullish().describe("What its members may use: names of models, or patterns with `*`. Default: none."),
  limits: limitsField.nullish(),
  bodies: bodiesField.nullish(),
};

const atProvider = (text: string) => (text !== "" && text.length <= 2048 ? null : "must be 1 to 2048 characters");

export const createGroupBody = z
  .strictObject({
    name: groupName,
    ...settings,
    source: checkedText(atProvider)
      .nullish()
      .describe("The identity provider that says who is in it; with `external_id`, to set a group up before its first sight."),
    external_id: checkedText(atProvider).nullish().describe("The group's id there."),
  })
  .superRefine(({ source, external_id }, context) => {
    const wrong = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
    if (source && !external_id) wrong("external_id", "is required beside `source`");
    if (external_id && !source) wrong("source", "is required beside `external_id`");
    if (source === "admin" || source === "local") wrong("source", "must be an identity provider");
  });

/** A merge patch (RFC 7396). */
export const patchGroupBody = z.strictObject({ name: groupName.optional(), ...settings });

export const addGroupMemberBody = z.strictObject({ email: emailAddress.describe("As the user's account or provider has it.") });

export const groupsQuery = listQuery.extend({ search: searchField("the name") });
export const groupMemberParams = z.object({ id: z.string(), user_id: z.string() });
export const groupModelParams = z.object({ id: z.string(), model: modelPattern });

export const groupView = z
  .object({
    id: z.string(),
    name: z.string(),
    models: z.array(z.string()),
    limits: limitsView,
    bodies: bodiesView.nullable(),
    source: z.string().nullable().describe("The identity provider that it comes from; null: made here."),
    external_id: z.string().nullable().describe("Its id there."),
    member_count: z.number().int().nullable().describe("Null for `everyone`, of which everybody is a member."),
    key_count: z.number().int().describe("How many keys it pays."),
    created_at: timeText,
    updated_at: timeText,
    version: z.number().int(),
  })
  .meta({ id: "Group" });

export const groupMemberView = z
  .object({
    id: z.string().describe("The user's."),
    name: z.string(),
    source: z.string().describe("Who says so: `admin`, or the user's provider."),
    created_at: timeText,
  })
  .meta({ id: "GroupMember" });

export type CreateGroup = z.output<typeof createGroupBody>;
export type GroupPatch = z.output<typeof patchGroupBody>;
export type GroupBody = z.output<typeof groupView>;
export type GroupMemberBody = z.output<typeof groupMemberView>;
