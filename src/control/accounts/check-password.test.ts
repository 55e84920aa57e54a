// Which passwords are taken.
import { expect, test } from "vitest";
import { checkPassword } from "./check-password.ts";

const ada = { name: "Ada Lovelace, Countess", email: "ada.lovelace@example.test" };

test.each([
  ["short", "at least 12"],
  ["elevenchars", "at least 12"],
  ["😀".repeat(6), "at least 12"],
  ["x".repeat(1025), "at most 1024"],
  ["aaaaaaaaaaaa", "one character"],
  ["ada.lovelace@example.test", "name or e-mail"],
  ["ADA.Lovelace@example.TEST ", "name or e-mail"],
  ["ada.lovelace", "name or e-mail"],
  ["ada lovelace, countess", "name or e-mail"],
])("%s is refused: %s", (password, words) => {
  expect(() => checkPassword(password, ada)).toThrow(words);
});

test.each(["twelve chars", "correct horse battery staple", "päßwörter sind lang", `${"x".repeat(1023)}y`, "😀🎉".repeat(6)])(
  "%s is taken",
  (password) => expect(() => checkPassword(password, ada)).not.toThrow(),
);
