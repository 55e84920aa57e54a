// The roles in words: the server's policy table says what they mean.
import type { Role } from "../../../src/domain/policy.ts";
import { roleNames } from "../../format/role-names.ts";

export const roleHints: Readonly<Record<Role, string>> = {
  administrator: "Does everything.",
  operator: "Endpoints, models and routing; sees all usage.",
  group_manager: "Members and keys of their own groups.",
  member: "Own keys, own usage, playground and catalogue.",
  auditor: "Reads everything, changes nothing.",
};

export const roleOptions = Object.entries(roleNames) as [Role, string][];
