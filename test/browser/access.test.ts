// Who sees which models: everyone is narrowed to nothing, a group may use one, and its member sees exactly that.
import { expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import { chooseSuggested } from "../support/console/suggestions.ts";
import type { Visitor } from "../support/console/visitor.ts";

const { openConsole } = browserTests();
const password = "a pass phrase of the tests";

test("the member of a group that may use one model sees exactly that one, in the browser and through the API", async () => {
  const { headgate, provider, signedIn, visitor } = await openConsole({ provider: { models: ["alpha", "beta", "gamma"] } });
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const ada = await signedIn();

  await ada.go("/groups");
  await ada.page.getByRole("link", { name: "everyone" }).click();
  await ada.page.getByRole("heading", { level: 1, name: "everyone" }).waitFor();
  await ada.fill({ "Models its members may use": "" });
  await ada.press("Save");
  await ada.page.getByText("Saved.").waitFor();
  const link = await addUser(ada, "Grace Hopper", "grace@uni.test");
  await addGroup(ada, "compilers", "beta");
  await addMember(ada, "Grace Hopper (grace@uni.test)");

  const grace = await visitor();
  await grace.page.goto(link);
  await grace.fill({ "New password": password });
  await grace.press("Set the password");
  grace.watch.expect({ status: 401, path: "/whoami", times: "any" });
  await grace.page.getByRole("link", { name: "Sign in" }).click();
  await grace.signIn("grace@uni.test", password);
  await grace.page.getByRole("heading", { name: "Overview" }).waitFor();
  await grace.follow("Models");
  const models = grace.page.getByRole("table", { name: "Models" });
  await models.getByRole("link", { name: "beta", exact: true }).waitFor();
  expect(await models.getByRole("rowheader").allTextContents()).toEqual(["beta"]);

  await grace.follow("Playground");
  const suggested = grace.page.locator("datalist option");
  await suggested.first().waitFor({ state: "attached" });
  expect(await suggested.evaluateAll((options) => options.map((option) => option.getAttribute("value")))).toEqual(["beta"]);

  await grace.follow("Keys");
  await grace.page.getByRole("main").getByRole("button", { name: "Create key" }).first().click();
  const dialog = grace.page.getByRole("dialog", { name: "Create a key" });
  await grace.fill({ Name: "mine" }, dialog);
  await dialog.getByRole("button", { name: "Create key" }).click();
  await grace.page.getByRole("dialog", { name: "Key “mine” created" }).waitFor();
  const authorization = `Bearer ${await grace.shownOnce()}`;
  await grace.press("Done");
  const listed = (await (await fetch(`${headgate.url}/v1/models`, { headers: { authorization } })).json()) as {
    data: { id: string }[];
  };
  expect(listed.data.map(({ id }) => id)).toEqual(["beta"]);
  const statusOf = async (model: string) => {
    const body = JSON.stringify({ model, messages: [{ role: "user", content: "Hello?" }] });
    const headers = { authorization, "content-type": "application/json" };
    return (await fetch(`${headgate.url}/v1/chat/completions`, { method: "POST", headers, body })).status;
  };
  expect([await statusOf("beta"), await statusOf("alpha"), await statusOf("never-heard-of")]).toEqual([200, 404, 404]);
});

async function addUser(ada: Visitor, name: string, email: string): Promise<string> {
  await ada.follow("Users");
  await ada.press("Add user");
  const dialog = ada.page.getByRole("dialog", { name: "Add a user" });
  await ada.fill({ Name: name, "E-mail address": email }, dialog);
  await dialog.getByRole("button", { name: "Add user" }).click();
  await ada.page.getByRole("dialog", { name: `Password link for ${name}` }).waitFor();
  const link = await ada.shownOnce();
  await ada.press("Done");
  return link;
}

async function addGroup(ada: Visitor, name: string, models: string): Promise<void> {
  await ada.follow("Groups");
  await ada.press("Create group");
  const dialog = ada.page.getByRole("dialog", { name: "Create a group" });
  await ada.fill({ Name: name, "Models its members may use": models }, dialog);
  await dialog.getByRole("button", { name: "Create group" }).click();
  await ada.page.getByRole("heading", { level: 1, name }).waitFor();
}

/** To the group whose page is open. `label`: as the list of suggestions has it. */
async function addMember(ada: Visitor, label: string): Promise<void> {
  await ada.press("Add member");
  const dialog = ada.page.getByRole("dialog");
  await chooseSuggested(dialog.getByLabel("User"), label);
  await dialog.getByRole("button", { name: "Add member" }).click();
  await dialog.waitFor({ state: "detached" });
  await ada.page
    .getByRole("row")
    .filter({ hasText: label.slice(0, label.indexOf(" (")) })
    .waitFor();
}
