// Narrows a list to what belongs to somebody.

/**
 * Whose things are asked for: those of the user, and with `groupIds` also those of all who are in one of these groups, and what the
 * groups pay for.
 */
export interface OwnedBy {
  userId: string;
  groupIds: readonly string[];
}
