// Stored passwords: only the same one fits, no two hashes are alike, and a flood of attempts is turned away.
import { expect, test, vi } from "vitest";
import { hashPassword, isPassword, PasswordsBusy } from "./password-hash.ts";

/** A stored hash of so low a cost that a flood of attempts is soon over. */
const quickToCheck = `scrypt$1024$8$1$${Buffer.alloc(16).toString("base64")}$${Buffer.alloc(32).toString("base64")}`;

test("the password fits, nothing else does, and the same one is never stored the same way", async () => {
  const [one, other] = await Promise.all([hashPassword("correct horse"), hashPassword("correct horse")]);
  expect(one).toMatch(/^scrypt\$131072\$8\$1\$[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}$/);
  expect(one).not.toBe(other);
  expect(await isPassword("correct horse", one)).toBe(true);
  for (const wrong of ["correct Horse", "", "correct horse "]) expect(await isPassword(wrong, one)).toBe(false);
});

test("a password is the same however its letters are composed", async () => {
  expect(await isPassword("u\u0308ber", await hashPassword("\u00fcber"))).toBe(true);
});

test("an account that is not there takes a look as well, and never fits", async () => {
  expect(await isPassword("anything", null)).toBe(false);
});

test("what is no hash of ours never fits", async () => {
  for (const stored of ["", "plain", "bcrypt$1$2$3$4$5", "scrypt$2$8$1"]) expect(await isPassword("plain", stored)).toBe(false);
});

test("attempts beyond what can wait are refused instead of queued", async () => {
  const attempts = await Promise.allSettled(Array.from({ length: 110 }, () => isPassword("q", quickToCheck)));
  const refused = attempts.filter((each) => each.status === "rejected");
  expect(refused.length).toBe(8);
  for (const { reason } of refused) expect(reason).toBeInstanceOf(PasswordsBusy);
});

test("whoever asked for an account that is not there during a flood is no tell-tale after it", async () => {
  // As after a start: nobody has asked for such an account before.
  vi.resetModules();
  const fresh = await import("./password-hash.ts");
  const flood = Array.from({ length: 102 }, () => fresh.isPassword("q", quickToCheck));
  await expect(fresh.isPassword("q", null)).rejects.toBeInstanceOf(fresh.PasswordsBusy);
  await Promise.all(flood);
  expect(await fresh.isPassword("q", null)).toBe(false);
});
