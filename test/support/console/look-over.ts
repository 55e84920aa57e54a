// Looks a page over in both themes, wide and narrow: accessible, nothing beyond the edge.
import { expect } from "vitest";
import { overflowOf, violationsOf } from "./page-checks.ts";
import type { Visitor } from "./visitor.ts";

const wide = { width: 1280, height: 860 };
const narrow = { width: 375, height: 800 };

/** Light and wide, as a page comes. */
export async function asItComes({ page }: Visitor): Promise<void> {
  await page.setViewportSize(wide);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Leaves the page light and narrow. Themes differ in their colours, widths in what is shown: each is held to all rules once. */
export async function lookOver(visitor: Visitor): Promise<void> {
  const { page } = visitor;
  const contrast = ["color-contrast"];
  const looks = [
    { name: "light, wide", colorScheme: "light", size: wide, rules: undefined },
    { name: "dark, wide", colorScheme: "dark", size: wide, rules: contrast },
    { name: "dark, narrow", colorScheme: "dark", size: narrow, rules: undefined },
    { name: "light, narrow", colorScheme: "light", size: narrow, rules: contrast },
  ] as const;
  const found: string[] = [];
  for (const { name, colorScheme, size, rules } of looks) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme });
    await visitor.settled();
    found.push(...(await violationsOf(visitor, rules)).map((violation) => `${name}: ${violation}`));
    const overflowPx = await overflowOf(visitor);
    if (overflowPx > 0) found.push(`${name}: reaches ${overflowPx} px beyond the edge`);
  }
  expect(found).toEqual([]);
}
