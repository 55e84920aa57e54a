// The cookie of a sign-in under way: readable by Headgate alone, for the provider it was made for, for ten minutes.
import { expect, test } from "vitest";
import { Cipher } from "../../core/cipher.ts";
import { pendingCookie, pendingOf } from "./pending-sign-in.ts";

const nowMs = 1_800_000_000_000;
const rules = { cipher: new Cipher("a secret key of 32 characters or more"), provider: "0", isSecure: false, nowMs };
const redirectUri = "http://ours.test/admin/api/v1/sign-in/oidc/0/callback";
const pending = {
  state: "the-state-of-1",
  nonce: "the-nonce-of-1",
  verifier: "the-verifier-of-1",
  redirectUri,
  returnTo: "/dashboard/keys",
};
const sent = (cookie: string) => `other=1; ${cookie.split(";")[0]}; more=2`;

test("comes back as it was made, and shows nothing of what it holds", () => {
  const cookie = pendingCookie(pending, rules);
  expect(pendingOf(sent(cookie), rules)).toEqual(pending);
  for (const text of Object.values(pending)) expect(cookie).not.toContain(text);
  expect(cookie).toMatch(/^headgate_sign_in=\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/);
  const secure = { ...rules, isSecure: true };
  expect(pendingCookie(pending, secure)).toMatch(
    /^__Host-headgate_sign_in=\S+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600; Secure$/,
  );
  expect(pendingOf(sent(pendingCookie(pending, secure)), rules)).toBeNull();
});

test("is good for ten minutes, for its provider, and with our key alone", () => {
  const header = sent(pendingCookie(pending, rules));
  expect(pendingOf(header, { ...rules, nowMs: nowMs + 599_999 })).toEqual(pending);
  expect(pendingOf(header, { ...rules, nowMs: nowMs + 600_000 })).toBeNull();
  expect(pendingOf(header, { ...rules, provider: "1" })).toBeNull();
  expect(pendingOf(header, { ...rules, cipher: new Cipher("another key of 32 characters or more..") })).toBeNull();
  for (const forged of [undefined, "", "headgate_sign_in=", 'headgate_sign_in={"state":"s"}', header.slice(0, -20)]) {
    expect(pendingOf(forged, rules)).toBeNull();
  }
});

test("is taken back", () => {
  const cookie = pendingCookie(null, rules);
  expect(cookie).toMatch(/^headgate_sign_in=; .*Max-Age=0$/);
  expect(pendingOf(sent(cookie), rules)).toBeNull();
});
