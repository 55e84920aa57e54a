// What is taken from a provider's answer: texts that every database gives back as they were, and nothing that is not the provider's own.
import { expect, test } from "vitest";
import { asText, groupsClaim, textClaim } from "./claims.ts";

test("a text that a database refuses, or takes for another, is none; the others of a list stay", () => {
  for (const text of ["a\0b", "\ud800", "x\udc00y", "", "a".repeat(1025)]) expect([text, asText(text)]).toEqual([text, null]);
  expect(asText("Zoë 😀\tb")).toBe("Zoë 😀\tb");
  const names = groupsClaim({ groups: ["physics", "phys\0ics", "\ud83d", 7, "physics"] }, "groups");
  expect(names).toEqual([{ externalId: "physics", name: "physics" }]);
});

test("names that every object knows lead to the provider's own claims alone", () => {
  const claims = JSON.parse('{"sub":"s","__proto__":{"groups":["admins"]},"realm":{"roles":["r"]}}') as Record<string, unknown>;
  expect(groupsClaim(claims, "groups")).toEqual([]);
  expect(groupsClaim(claims, "realm.roles")).toEqual([{ externalId: "r", name: "r" }]);
  for (const path of ["constructor.name", "realm.constructor.name", "toString"]) expect(textClaim(claims, path)).toBeNull();
});
