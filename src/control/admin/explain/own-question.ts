// What those ask who may ask about their own calls alone.
import { HeadgateError } from "../../../core/errors.ts";
import type { ExplainQuestion } from "../../../domain/explanation.ts";
import type { OwnedBy } from "../../../storage/ports/owned-by.ts";
import { isOwned } from "../authorize/reach.ts";
import type { AdminContext } from "../context.ts";

/** Asked for nobody it is about the asker. Throws HeadgateError invalid_field for keys and users of others, as for those that there are not. */
export async function ownQuestion(context: AdminContext, owner: OwnedBy, question: ExplainQuestion): Promise<ExplainQuestion> {
  const { keyId, userId } = question;
  if (userId !== null && userId !== owner.userId) throw nobody("user_id", "user");
  if (keyId === null) return { ...question, userId: owner.userId };
  const database = context.database();
  const key = await database.keys.get(keyId);
  if (key === null || !(await isOwned(database, owner, key))) throw nobody("key_id", "key");
  return question;
}

function nobody(field: string, what: string): HeadgateError {
  return new HeadgateError("invalid_field", { field, message: `${field}: there is no ${what} with this id` });
}
