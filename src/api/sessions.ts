// Signing in, sessions and passwords on the wire.
import { z } from "zod";
import { checkedText } from "./checked-text.ts";
import { displayName } from "./name-lists.ts";
import { timeText } from "./time.ts";
import { emailAddress } from "./users.ts";

/** Rules that depend on whose it is are checked elsewhere. */
const password = z.string().min(1).max(1024);
const newPassword = password.describe("At least 12 characters, and neither name nor e-mail address.");
const linkSecret = z.string().min(1).max(256).describe("What follows `#` in the link.");

/** As somebody types it: spaces around it are forgiven. What no database takes is refused before one is asked. */
const typedEmail = checkedText((text) =>
  text.length >= 1 && text.length <= 254 && !/[\p{Cc}\p{Cs}]/u.test(text) ? null : "must be an e-mail address",
);

export const signInView = z
  .object({
    password: z.boolean().describe("Whether accounts of this installation sign in with a password."),
    setup_required: z
      .boolean()
      .describe("Nobody is administrator yet: the link that `headgate start` has printed makes the first one."),
    oidc: z
      .array(z.object({ id: z.string(), name: z.string() }))
      .describe("Identity providers to sign in with: send the browser to `/sign-in/oidc/{id}`."),
    proxy: z.boolean().describe('A proxy in front says who this is: `POST /sessions` with `{"proxy": true}` signs them in.'),
  })
  .meta({ id: "SignIn" });

/** Why an identity provider's way back signed nobody in, as `error` of the sign-in page says; the page has words for each. */
export type SignInFailure =
  | "sign_in_expired"
  | "sign_in_cancelled"
  | "provider_unavailable"
  | "sign_in_failed"
  | "account_disabled"
  | "too_many_sign_ins";

export const createSessionBody = z
  .strictObject({
    email: typedEmail.optional(),
    password: password.optional(),
    proxy: z.literal(true).optional().describe("As whom the proxy in front says, in place of e-mail address and password."),
  })
  .superRefine(({ email, password, proxy }, context) => {
    const missing = proxy === true ? [] : Object.entries({ email, password }).filter(([, value]) => value === undefined);
    for (const [name] of missing) context.addIssue({ code: "custom", path: [name], message: "is required" });
    if (proxy === true && (email ?? password) !== undefined) {
      context.addIssue({ code: "custom", path: ["proxy"], message: "does not go with an e-mail address or a password" });
    }
  });

export const setupBody = z.strictObject({ secret: linkSecret, name: displayName, email: emailAddress, password: newPassword });

export const resetPasswordBody = z.strictObject({ secret: linkSecret, password: newPassword });

export const changePasswordBody = z.strictObject({ current_password: password, password: newPassword });

export const passwordLinkView = z
  .object({
    link: z.string().describe("Give it to the user; it is good once, and the last one made is the one that counts."),
    expires_at: timeText,
  })
  .meta({ id: "PasswordLink" });

export const sessionView = z
  .object({
    id: z.string(),
    user_id: z.string(),
    user_name: z.string(),
    method: z.enum(["password", "oidc", "proxy", "setup"]).describe("How the user has signed in."),
    address: z.string().nullable().describe("From where."),
    user_agent: z.string().nullable(),
    is_current: z.boolean().describe("The one that asks."),
    created_at: timeText,
    last_seen_at: timeText.describe("To the minute."),
    expires_at: timeText.describe("Moves with use, to at most 7 days after the sign-in."),
  })
  .meta({ id: "Session" });

export type SessionBody = z.output<typeof sessionView>;
