// Keys in the browser: rotating one with an overlap, and making one without a mouse.
import { expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import { tabTo } from "../support/console/keyboard.ts";
import { ShiftedClock } from "../support/shifted-clock.ts";

const { openConsole } = browserTests();

test("a rotated key works beside the new one until the overlap ends, and not at all without one", async () => {
  const clock = new ShiftedClock();
  const { headgate, provider, signedIn } = await openConsole({ clock });
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const { body: made } = await headgate.admin("POST", "/keys", { name: "nightly" });
  const statusOf = async (key: string) => {
    return (await fetch(`${headgate.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;
  };
  const ada = await signedIn();
  const rotate = async (overlap: string) => {
    await ada.press("Rotate key");
    const dialog = ada.page.getByRole("dialog", { name: "Rotate “nightly”" });
    await dialog.getByLabel("The old secret").selectOption(overlap);
    await dialog.getByRole("button", { name: "Rotate key" }).click();
    await ada.page.getByRole("dialog", { name: "New secret of “nightly”" }).waitFor();
    const secret = await ada.shownOnce();
    await ada.press("Done");
    return secret;
  };

  await ada.go(`/keys/${made.id}`);
  const second = await rotate("Works for 1 hour");
  await ada.page.getByText("Two secrets are good at the moment").waitFor();
  expect(second).not.toBe(made.key);
  await expect.poll(() => statusOf(second)).toBe(200);
  expect(await statusOf(made.key)).toBe(200);
  clock.forward(3_601_000);
  expect([await statusOf(made.key), await statusOf(second)]).toEqual([401, 200]);

  const third = await rotate("Ends at once");
  await expect.poll(() => statusOf(third)).toBe(200);
  await expect.poll(() => statusOf(second)).toBe(401);
});

test("with the keyboard alone one signs in, opens the menu, makes a key and leaves its dialogs", async () => {
  const { headgate, visitor } = await openConsole();
  const { body: user } = await headgate.admin("POST", "/users", { name: "Ada", email: "ada@uni.test", role: "administrator" });
  const { link } = (await headgate.admin("POST", `/users/${user.id}/password-link`)).body;
  const ada = await visitor({ viewport: { width: 375, height: 800 } });
  const { page } = ada;
  const { keyboard } = page;
  const password = "a pass phrase of the tests";

  await page.goto(link);
  await tabTo(page.getByLabel("New password"));
  await keyboard.type(password);
  await keyboard.press("Enter");
  await tabTo(page.getByRole("link", { name: "Sign in" }));
  ada.watch.expect({ status: 401, path: "/whoami", times: "any" });
  await keyboard.press("Enter");
  await tabTo(page.getByLabel("E-mail address"));
  await keyboard.type("ada@uni.test");
  await tabTo(page.getByLabel("Password"));
  await keyboard.type(password);
  await keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();

  await tabTo(page.getByRole("button", { name: "Menu" }));
  await keyboard.press("Enter");
  await tabTo(page.getByRole("link", { name: "Keys", exact: true }));
  await keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Keys" }).waitFor();

  // Escape leaves a form, and the focus is back where it came from.
  const create = page.getByRole("main").getByRole("button", { name: "Create key" }).first();
  await tabTo(create);
  await keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Create a key" });
  await dialog.waitFor();
  await keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await expect.poll(() => create.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);

  await keyboard.press("Enter");
  await tabTo(dialog.getByLabel("Name", { exact: true }));
  await keyboard.type("made by keyboard");
  await keyboard.press("Enter");
  const shown = page.getByRole("dialog", { name: "Key “made by keyboard” created" });
  await shown.waitFor();
  // A slip must not lose the key.
  await keyboard.press("Escape");
  await tabTo(shown.getByRole("button", { name: "Copy key" }));
  // It is said for two seconds.
  await Promise.all([shown.getByText("Copied").waitFor({ state: "attached" }), keyboard.press("Enter")]);
  await tabTo(shown.getByRole("button", { name: "Done" }));
  await keyboard.press("Enter");
  await page.getByRole("link", { name: "made by keyboard" }).waitFor();
});
