// The cipher gives back what it took, and nothing to anyone with another key, another context or a changed text.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Cipher, DamagedCiphertext, WrongSecretKey } from "./cipher.ts";
import { Secret } from "./secret.ts";

const secretKey = "correct horse battery staple 0123456789";
const cipher = new Cipher(secretKey);
const text = fc.string({ unit: "grapheme" });

describe("Cipher", () => {
  test("decrypts what it encrypted, in the same context", () => {
    fc.assert(fc.property(text, text, (plain, context) => cipher.decrypt(cipher.encrypt(plain, context), context) === plain));
  });

  test("another instance with the same key decrypts too, given as text or Secret", () => {
    const sealed = cipher.encrypt("provider key", "endpoint:ep_1:api_key");
    expect(new Cipher(new Secret(secretKey)).decrypt(sealed, "endpoint:ep_1:api_key")).toBe("provider key");
  });

  test("the text form is v1, key id, iv, ciphertext, and never contains the plain text", () => {
    const sealed = cipher.encrypt("canary-canary-canary", "c");
    expect(sealed).toMatch(/^v1\.[0-9a-f]{8}\.[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]+$/);
    expect(sealed.split(".")[1]).toBe(cipher.keyId);
    expect(Buffer.from(sealed.split(".")[3] as string, "base64url").toString("latin1")).not.toContain("canary");
  });

  test("the same text encrypted twice differs", () => {
    expect(cipher.encrypt("a", "c")).not.toBe(cipher.encrypt("a", "c"));
  });

  test("another context is refused", () => {
    fc.assert(
      fc.property(text, text, text, (plain, context, other) => {
        fc.pre(context !== other);
        expect(() => cipher.decrypt(cipher.encrypt(plain, context), other)).toThrow(DamagedCiphertext);
      }),
    );
  });

  test("a text with any one character changed is refused", () => {
    fc.assert(
      fc.property(text, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (plain, position, character) => {
        const sealed = cipher.encrypt(plain, "c");
        const at = position % sealed.length;
        fc.pre(sealed[at] !== character);
        const changed = sealed.slice(0, at) + character + sealed.slice(at + 1);
        expect(() => cipher.decrypt(changed, "c")).toThrow(/secret key|ciphertext/);
      }),
    );
  });

  test("a cut text is refused", () => {
    const sealed = cipher.encrypt("provider key", "c");
    for (let length = 0; length < sealed.length; length++) {
      expect(() => cipher.decrypt(sealed.slice(0, length), "c"), `first ${length} characters`).toThrow();
    }
  });

  test("a text of another secret key is refused with both key ids", () => {
    const other = new Cipher("another secret key of enough length");
    const sealed = other.encrypt("provider key", "c");
    expect(() => cipher.decrypt(sealed, "c")).toThrow(WrongSecretKey);
    expect(() => cipher.decrypt(sealed, "c")).toThrow(new RegExp(`${other.keyId}.*${cipher.keyId}`));
  });
});
