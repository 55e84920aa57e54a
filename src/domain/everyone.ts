// The group that all callers are in.

/** Made by the first migration; may use `*` until an administrator narrows it. */
export const everyoneGroupId = "grp_everyone";
