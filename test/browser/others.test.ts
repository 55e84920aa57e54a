// What people do and see beside each other: changes that appear by themselves, the log of who made them, the part of a group's manager.
import { expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";

const { openConsole } = browserTests();

test("a list shows what others change without being asked to, and keeps its search", async () => {
  const { headgate, signedIn } = await openConsole();
  const ada = await signedIn();
  await ada.goLive("/keys?search=nightly");
  await ada.page.getByText("No key matches “nightly”").waitFor();
  const { body: key } = await headgate.admin("POST", "/keys", { name: "nightly evaluation" });
  await headgate.admin("POST", "/keys", { name: "something else" });
  await ada.page.getByRole("link", { name: "nightly evaluation" }).waitFor();
  expect(await ada.page.getByRole("table").getByRole("rowheader").allTextContents()).toEqual(["nightly evaluation"]);
  await headgate.admin("DELETE", `/keys/${key.id}`);
  await ada.page.getByText("No key matches “nightly”").waitFor();
});

test("a change that somebody else has made first is not overwritten, and what was typed is not lost", async () => {
  const { headgate, signedIn } = await openConsole();
  const { body: group } = await headgate.admin("POST", "/groups", { name: "physics", models: ["a"] });
  const ada = await signedIn();
  const { page } = ada;
  await ada.go(`/groups/${group.id}?tab=settings`);
  await ada.fill({ "Models its members may use": "a\nb" });
  // As it would be had somebody else been a moment quicker: the page does not hear of it in time.
  await page.route("**/admin/api/v1/groups/*", async (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    await headgate.admin("PATCH", `/groups/${group.id}`, { models: ["a", "c"] });
    await route.continue();
  });
  ada.watch.expect({ status: 412, path: `/groups/${group.id}` });
  await ada.press("Save");
  await page.getByRole("alert").filter({ hasText: "Somebody else has changed this in the meantime" }).waitFor();
  expect((await headgate.admin("GET", `/groups/${group.id}`)).body.models).toEqual(["a", "c"]);
  await page.getByText("Somebody else has changed this since you began").waitFor();
  const field = page.getByLabel("Models its members may use");
  expect(await field.inputValue()).toBe("a\nb");
  await ada.press("Reload, and lose my changes");
  await expect.poll(() => field.inputValue()).toBe("a\nc");
});

test("the audit log says who changed what, and is narrowed by a click", async () => {
  const { headgate, signedIn } = await openConsole();
  await headgate.admin("POST", "/groups", { name: "physics", models: ["a"] });
  const ada = await signedIn({ name: "Ada Lovelace", role: "administrator" });
  const { page } = ada;
  await ada.go("/groups");
  await page.getByRole("link", { name: "physics" }).click();
  await page.getByRole("tab", { name: "Settings" }).click();
  await ada.fill({ "Models its members may use": "b" });
  await ada.press("Save");
  await page.getByText("Saved.").waitFor();
  await ada.follow("Audit");
  const changes = page.getByRole("table", { name: "Changes" });
  await changes.getByRole("button", { name: "Ada Lovelace" }).first().click();
  await ada.at(/actor_id=usr_/);
  const row = changes.getByRole("row").filter({ hasText: "physics" });
  await expect.poll(() => row.count()).toBe(1);
  await row.locator("summary").click();
  await expect.poll(() => row.locator("del").filter({ hasText: '["a"]' }).count()).toBe(1);
  await expect.poll(() => row.locator("ins").filter({ hasText: '["b"]' }).count()).toBe(1);
});

test("the manager of a group adds somebody by e-mail address and makes them a key, and nothing of other groups", async () => {
  const { headgate, signedIn } = await openConsole();
  const created = async (path: string, body: object) => (await headgate.admin("POST", path, body)).body.id as string;
  const group = await created("/groups", { name: "physics", models: ["a"] });
  const other = await created("/groups", { name: "library", models: ["b"] });
  const grace = await created("/users", { name: "Grace Hopper", email: "grace@uni.test", role: "member" });
  const emmy = await signedIn({ name: "Emmy Noether", role: "group_manager" });
  const { body: users } = await headgate.admin("GET", "/users?search=emmy");
  await headgate.admin("PUT", `/groups/${group}/members/${users.data[0].id}`);
  const { page } = emmy;
  await emmy.go("/groups");
  await page.getByRole("link", { name: "physics" }).waitFor();
  expect(await page.getByRole("link", { name: "library" }).count()).toBe(0);
  await page.getByRole("link", { name: "physics" }).click();
  await emmy.press("Add member");
  const dialog = page.getByRole("dialog");
  await emmy.fill({ "E-mail address": "grace@uni.test" }, dialog);
  await dialog.getByRole("button", { name: "Add member" }).click();
  await page.getByRole("link", { name: "Grace Hopper" }).click();
  await page.getByRole("heading", { level: 1, name: "Grace Hopper" }).waitFor();
  await page.getByRole("tab", { name: "Keys" }).click();
  await emmy.press("Create key");
  await emmy.fill({ Name: "from Emmy" }, dialog);
  await dialog.getByRole("button", { name: "Create key" }).click();
  await emmy.shownOnce();
  await emmy.press("Done");
  const { body: keys } = await headgate.admin("GET", `/keys?user=${grace}`);
  expect(keys.data.map(({ name }: { name: string }) => name)).toEqual(["from Emmy"]);
  emmy.watch.expect({ status: 404, path: `/groups/${other}`, times: "any" });
  await emmy.go(`/groups/${other}`);
  await page.getByText("could not be loaded").or(page.getByText("There is no such group")).first().waitFor();
});
