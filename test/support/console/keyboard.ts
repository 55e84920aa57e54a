// Getting about without a mouse.
import type { Locator } from "playwright-core";

/** No page has so many things to stop at. */
const stopsMax = 80;

/** Presses Tab until `target` has the focus. */
export async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  for (let stops = 0; stops < stopsMax; stops++) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await target.page().keyboard.press("Tab");
  }
  throw new Error(`the focus does not come to ${target} with ${stopsMax} presses of Tab`);
}
