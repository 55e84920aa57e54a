// Users on the wire.
import { z } from "zod";
import { checkedText } from "./checked-text.ts";
import { limitsField, limitsView } from "./limits.ts";
import { listQuery, searchField } from "./list.ts";
import { displayName } from "./name-lists.ts";
import { timeText } from "./time.ts";

const roles = ["administrator", "operator", "group_manager", "member", "auditor"] as const;

/** Without white space anywhere: no two are the same to people and different here. */
export const emailAddress = checkedText((text) =>
  text.length <= 254 && /^[^\s@\p{Cc}]+@[^\s@\p{Cc}]+$/u.test(text) ? null : "must be an e-mail address",
);

const settings = {
  email: emailAddress.nullish(),
  role: z.enum(roles).nullish().describe("What the user may do here. Default: member."),
  primary_group_id: z.string().nullish().describe("The group that pays where nothing else says who does."),
  limits: limitsField.nullish().describe("Null: the default of callers with a token."),
};

export const createUserBody = z.strictObject({ name: displayName, ...settings });

/** A merge patch (RFC 7396). */
export const patchUserBody = z.strictObject({
  name: displayName.optional(),
  ...settings,
  disabled: z
    .boolean()
    .optional()
    .describe(
      "Whether the user is shut out: all sessions end, and neither sign-in nor keys nor tokens of theirs are good until it is false.",
    ),
});

export const usersQuery = listQuery.extend({
  search: searchField("the name, the e-mail address or the name at the provider"),
  role: z.enum(roles).optional(),
  group: z.string().min(1).optional().describe("Id of a group that they are in."),
});

const membership = z.object({
  id: z.string(),
  name: z.string(),
  source: z.string().describe("Who says so: `admin`, or the user's provider."),
});

export const userView = z
  .object({
    id: z.string(),
    name: z.string(),
    email: z.string().nullable(),
    username: z.string().nullable().describe("What the provider calls the user."),
    role: z.enum(roles),
    source: z.string().describe("`local` for users made here, else the identity provider."),
    subject: z.string().nullable().describe("The user's stable id at the provider."),
    primary_group_id: z.string().nullable(),
    groups: z.array(membership).describe("By name; `everyone` is everybody's, and not among them."),
    limits: limitsView.nullable().describe("Null: the default of callers with a token; `{}`: none."),
    disabled: z.boolean().describe("The user is shut out."),
    has_password: z.boolean().describe("The user can sign in with a password."),
    last_seen_at: timeText
      .nullable()
      .describe("When a token of the user was last verified, within 5 minutes, or the user has signed in."),
    created_at: timeText,
    updated_at: timeText,
    version: z.number().int(),
  })
  .meta({ id: "User" });

export type Role = (typeof roles)[number];
export type CreateUser = z.output<typeof createUserBody>;
export type UserPatch = z.output<typeof patchUserBody>;
export type UserBody = z.output<typeof userView>;
