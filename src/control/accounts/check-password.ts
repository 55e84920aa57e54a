// What a password has to be: long (NIST SP 800-63B asks for length, and against rules about kinds of characters).
import { HeadgateError } from "../../core/errors.ts";

const lengthMin = 12;
export const passwordLengthMax = 1024;

/** Whose password it is: what anybody would try first. */
export interface PasswordOwner {
  name: string;
  email: string | null;
}

/** Throws HeadgateError invalid_field on `password`. */
export function checkPassword(password: string, owner: PasswordOwner): void {
  const wrong = whatIsWrong(password, owner);
  if (wrong !== null) throw new HeadgateError("invalid_field", { field: "password", message: `password: ${wrong}` });
}

function whatIsWrong(password: string, { name, email }: PasswordOwner): string | null {
  // Counted as people do: by characters, not by halves of them.
  const length = [...password].length;
  if (length < lengthMin) return `must be at least ${lengthMin} characters`;
  if (password.length > passwordLengthMax) return `must be at most ${passwordLengthMax} characters`;
  if (new Set(password).size === 1) return "must not be one character again and again";
  const folded = fold(password);
  const own = [name, email ?? "", (email ?? "").split("@")[0] as string].map(fold);
  return own.includes(folded) ? "must not be the account's name or e-mail address" : null;
}

function fold(text: string): string {
  return text.normalize("NFKC").trim().toLowerCase();
}
