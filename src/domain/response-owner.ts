// To whom an answer belongs that its provider keeps under an id (OpenAI's Responses), and where it is kept.

/** 512 takes in the ids of other gateways, which pack the name of a deployment into them. */
const plainId = /^[A-Za-z0-9_.:~=+-]{1,512}$/;

/** Ids of any other form are never kept nor passed on: a path with one could mean something else to an endpoint. */
export function isResponseId(text: string): boolean {
  return plainId.test(text);
}

export interface ResponseOwner {
  /** Null: made by a call to a named endpoint that named no model of its. */
  deploymentId: string | null;
  endpointId: string;
  /** The public name that the caller used; "" for calls without one. */
  model: string;
  /** As `ownerName` says it. */
  owner: string;
}

/** A user's keys share what they made; a key without a user has it for itself. "": nobody, and never the name of a caller. */
export function ownerName(keyId: string | null, userId: string | null): string {
  if (userId !== null) return `user:${userId}`;
  return keyId === null ? "" : `key:${keyId}`;
}
