// Every page with a little data: accessible in both themes, within a phone's width, quiet on the console.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import { type LittleData, makeLittleData } from "../support/console/little-data.ts";
import { asItComes, lookOver } from "../support/console/look-over.ts";
import { routerPaths } from "../support/console/router-paths.ts";
import type { Visitor } from "../support/console/visitor.ts";

const { openConsole } = browserTests({ keeps: "all" });
let data: LittleData;
let ada: Visitor;

beforeAll(async () => {
  const console = await openConsole();
  data = await makeLittleData(console);
  ada = await console.signedIn();
});
afterAll(() => data?.close());

/** Parts of pages that have an address of their own. */
const views = [
  "/endpoints/$id?tab=history",
  "/endpoints/$id?tab=settings",
  "/models/$id?tab=use",
  "/models/$id?tab=settings",
  "a virtual model",
  "/users/$id?tab=keys",
  "/users/$id?tab=sessions",
  "/groups/$id?tab=settings",
  "/groups/$id?tab=keys",
  "/keys?search=nothing-like-that",
  "/usage?by=user&range=30d",
  "/usage?metric=cost",
  "/prices?status=unpriced",
  "/prices?search=nothing-like-that",
  "/no-such-page",
];

test.each([...routerPaths, ...views])("%s", async (pattern) => {
  expect(routerPaths.length).toBeGreaterThan(20);
  const [path = "", query] = pattern.split("?");
  await asItComes(ada);
  await ada.go((data.details[path] ?? path) + (query === undefined ? "" : `?${query}`));
  await lookOver(ada);
});

const dialogs: readonly (readonly [pattern: string, ...steps: string[]])[] = [
  ["/keys", "Create key"],
  ["/keys/$id", "Rotate key"],
  ["/keys/$id", "Revoke key"],
  ["/users", "Add user"],
  ["/users/$id", "Make password link"],
  ["/users/$id", "Disable user"],
  ["/groups", "Create group"],
  ["/groups/$id", "Add member"],
  ["/groups/$id", "Delete group"],
  ["/endpoints/$id", "Preview changes"],
  ["/endpoints/$id", "More actions", "Replace API key"],
  ["/endpoints/$id", "More actions", "Delete endpoint"],
  ["/endpoints/$id", "Choose models"],
  ["/endpoints/$id", "Add model"],
  ["/manifests", "Add manifest"],
  ["/models", "Create virtual model"],
  ["/prices", "Add price"],
  ["/prices", "Set price of qwen3-32b"],
  ["/prices", "Change price of llama-3.3-70b"],
  ["/prices", "Change price of llama-3.3-70b", "Remove price"],
  ["/requests", "Export"],
];

describe("what opens on a page", () => {
  test.each(dialogs)("%s: %s", async (pattern, ...steps) => {
    await asItComes(ada);
    await ada.go(data.details[pattern] ?? pattern);
    for (const name of steps) {
      const { page } = ada;
      await page
        .getByRole("button", { name, exact: true })
        .or(page.getByRole("menuitem", { name, exact: true }))
        .first()
        .click();
    }
    await ada.page.getByRole("dialog").or(ada.page.getByRole("menu")).waitFor();
    await lookOver(ada);
  });

  test("the menu on a phone", async () => {
    await ada.page.setViewportSize({ width: 375, height: 800 });
    await ada.go("/account");
    await ada.press("Menu");
    await ada.page.getByRole("dialog", { name: "Menu" }).waitFor();
    await lookOver(ada);
  });
});
