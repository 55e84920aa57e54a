// Fields that suggest what is typed.
import type { Locator } from "playwright-core";

/** As somebody does who types until it is suggested, then chooses it. `typed`: by default the first letters. */
export async function chooseSuggested(field: Locator, label: string, typed = label.slice(0, 5)): Promise<void> {
  await field.fill(typed);
  const suggestions = field.locator("xpath=following-sibling::datalist");
  await suggestions.locator(`option[value="${label}"]`).waitFor({ state: "attached" });
  await field.fill(label);
}
