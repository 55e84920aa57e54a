// What the roles are called.
import type { Role } from "../../src/domain/policy.ts";

export const roleNames: Readonly<Record<Role, string>> = {
  administrator: "Administrator",
  operator: "Operator",
  group_manager: "Group manager",
  member: "Member",
  auditor: "Auditor",
};
