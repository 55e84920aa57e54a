// Who says that a user is in a group: an identity provider, by its name, or an administrator.

/** Of the memberships that an administrator gave; no identity provider has this name. */
export const administrators = "admin";
