// Prices in the browser: setting one, seeing how the cost of a call comes about, taking it back; who may, and without a mouse.
import { expect, test } from "vitest";
import { browserTests, type Console } from "../support/console/browser-tests.ts";
import { tabTo } from "../support/console/keyboard.ts";

const { openConsole } = browserTests();

/** A Headgate with one model, which no catalogue knows. */
async function withModel(): Promise<Console> {
  const console = await openConsole({ provider: { models: ["alpha"] } });
  await console.headgate.addEndpoint({ name: "cluster", url: `${console.provider.url}/v1` });
  return console;
}

/** The id of a call of alpha, when it is in the ledger. */
async function calledAlpha({ headgate }: Console): Promise<string> {
  const key = await headgate.createKey();
  const response = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "alpha", max_tokens: 20, messages: [{ role: "user", content: "Who is there?" }] }),
  });
  expect(response.status).toBe(200);
  await response.text();
  const id = response.headers.get("x-request-id") ?? "";
  await headgate.eventually(async () => (await headgate.admin("GET", `/requests/${id}`)).body.state === "settled");
  return id;
}

test("a price that is set counts from the next call on, whose page shows how its cost comes about", async () => {
  const console = await withModel();
  const ada = await console.signedIn();
  const { page } = ada;
  const before = await calledAlpha(console);

  // One click from the overview, where the share without a price is said.
  await ada.go("/");
  await page.getByText("1 request (100 %) used a model without a price").waitFor();
  await page.getByRole("link", { name: "See models without a price" }).click();
  await page.getByRole("heading", { level: 1, name: "Prices" }).waitFor();
  expect(ada.path).toBe("/prices?status=unpriced");
  const row = page.getByRole("row").filter({ has: page.getByRole("rowheader", { name: "alpha" }) });
  await row.getByText("no price").waitFor();

  await ada.press("Set price of alpha");
  const dialog = page.getByRole("dialog", { name: "Price of “alpha”" });
  // What the API refuses is said at its field.
  await ada.fill({ Input: "2000000", Output: "10" }, dialog);
  ada.watch.expect({ status: 422, path: "/prices/alpha" });
  await dialog.getByRole("button", { name: "Save price" }).click();
  await dialog.getByRole("alert").waitFor();
  await expect
    .poll(() => dialog.getByLabel("Input", { exact: true }).evaluate((field) => field.getAttribute("aria-invalid")))
    .toBe("true");
  await ada.fill({ Input: "2.5" }, dialog);
  await dialog.getByRole("button", { name: "Save price" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByText("Every model has a price").waitFor();

  await page.getByLabel("Price from").selectOption("Set here");
  await row.getByText("$2.50").first().waitFor();
  await row.getByText("$10.00").waitFor();

  const after = await calledAlpha(console);
  await ada.go(`/requests/${after}`);
  const cost = page.getByRole("region", { name: "Cost", exact: true });
  // 11 tokens in and 7 out.
  const cells = async (what: string) => {
    const line = cost.getByRole("row").filter({ has: page.getByRole("rowheader", { name: what, exact: true }) });
    return await line.getByRole("cell").allTextContents();
  };
  expect(await cells("Input")).toEqual(["11", "× $2.50", "= $0.0000275"]);
  expect(await cells("Output")).toEqual(["7", "× $10.00", "= $0.00007"]);
  expect(await cells("Together")).toEqual(["", "", "$0.0000975"]);
  await page.getByText("Price: set here").waitFor();
  await page.getByText("Cost", { exact: true }).first().waitFor();

  // The one before goes on having none.
  await ada.go(`/requests/${before}`);
  await page.getByText("No price: the model had none at this endpoint.").waitFor();
});

test("a price is taken back on the model's own page, which says what that means", async () => {
  const console = await withModel();
  const { headgate } = console;
  await headgate.admin("PUT", "/prices/alpha", { input_usd_per_million: 1, output_usd_per_million: 4 });
  const { body } = await headgate.admin("GET", "/models?search=alpha");
  const ada = await console.signedIn();
  const { page } = ada;
  await ada.go(`/models/${body.data[0].id}`);
  await page.getByText("set here").waitFor();
  await ada.press("Change price");
  await ada.press("Remove price");
  const dialog = page.getByRole("dialog", { name: "Remove the price of “alpha”?" });
  await dialog.getByText("from the next call on its cost is unknown").waitFor();
  await dialog.getByRole("button", { name: "Remove price" }).click();
  await page.getByText("no price", { exact: true }).waitFor();
  expect((await headgate.admin("GET", "/prices/alpha")).body.status).toBe("unpriced");
});

test("with the keyboard alone one sets the price of a model that is not there yet", async () => {
  const { headgate, signedIn } = await openConsole();
  const ada = await signedIn();
  const { page } = ada;
  const { keyboard } = page;
  await ada.go("/prices");
  await tabTo(page.getByRole("button", { name: "Add price" }));
  await keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: "Add a price" });
  await dialog.waitFor();
  await tabTo(dialog.getByLabel("Model"));
  await keyboard.type("of-tomorrow");
  await tabTo(dialog.getByLabel("Input", { exact: true }));
  await keyboard.type("0");
  await tabTo(dialog.getByLabel("Output", { exact: true }));
  await keyboard.type("0.000000001");
  await keyboard.press("Enter");
  await page.getByRole("row").filter({ hasText: "of-tomorrow" }).getByText("$0.000000001").waitFor();
  const { body } = await headgate.admin("GET", "/prices/of-tomorrow");
  expect(body.override).toMatchObject({ input_usd_per_million: 0, output_usd_per_million: 1e-9 });
});

test("an auditor sees prices and changes none; a member sees those of the models that they may use", async () => {
  const console = await openConsole({ provider: { models: ["alpha", "beta"] } });
  const { headgate, provider, signedIn } = console;
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  await headgate.admin("PATCH", "/groups/grp_everyone", { models: ["alpha"] });
  await headgate.admin("PUT", "/prices/alpha", { input_usd_per_million: 1, output_usd_per_million: 4 });

  const auditor = await signedIn("auditor");
  await auditor.go("/prices");
  await auditor.page.getByRole("rowheader", { name: "beta" }).waitFor();
  expect(await auditor.page.getByRole("main").getByRole("button", { name: /price/i }).count()).toBe(0);

  const member = await signedIn("member");
  await member.go("/prices");
  await member.page.getByRole("row").filter({ hasText: "alpha" }).getByText("$4.00").waitFor();
  expect(await member.page.getByRole("rowheader").allTextContents()).toEqual(["alpha"]);
  expect(await member.page.getByRole("main").getByRole("button", { name: /price/i }).count()).toBe(0);
});
