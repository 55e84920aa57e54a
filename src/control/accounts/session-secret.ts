// The secret of a session, which its cookie holds, and what is made from it.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 256 random bits. */
export function newSessionSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What the database knows of it. */
export function sessionDigest(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** What a page sends back with every change: only pages that were served for this session can know it. */
export function csrfToken(secret: string): string {
  return createHash("sha256").update(`csrf\n${secret}`).digest("base64url");
}

export function isCsrfToken(given: string | undefined, secret: string): boolean {
  const expected = Buffer.from(csrfToken(secret));
  const actual = Buffer.from(given ?? "");
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
