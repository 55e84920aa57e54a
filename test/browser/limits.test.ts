// Limits and budgets in the browser: set in a form, used up by calls, and said wherever somebody looks.
import { expect, test } from "vitest";
import { browserTests, type Console } from "../support/console/browser-tests.ts";
import type { Visitor } from "../support/console/visitor.ts";
import { awayFromMidnight } from "../support/day-end.ts";

const { openConsole } = browserTests();

/** A Headgate whose model alpha costs $0.0000975 a call. */
async function withPrice(): Promise<Console> {
  const console = await openConsole({ provider: { models: ["alpha"] } });
  await console.headgate.addEndpoint({ name: "cluster", url: `${console.provider.url}/v1` });
  await console.headgate.admin("PUT", "/prices/alpha", { input_usd_per_million: 2.5, output_usd_per_million: 10 });
  return console;
}

function call(url: string, key: string): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "alpha", messages: [{ role: "user", content: "Who is there?" }] }),
  });
}

const whatIsLeft = ({ page }: Visitor) => page.getByRole("region", { name: "What is left" });

test("a key is given a budget with a time zone; when it is spent, its page, the list and the overview say so", async () => {
  await awayFromMidnight("Europe/Zurich");
  const console = await withPrice();
  const { headgate } = console;
  const { body: key } = await headgate.admin("POST", "/keys", { name: "nightly" });
  const ada = await console.signedIn();
  const { page } = ada;
  await ada.go(`/keys/${key.id}`);
  await whatIsLeft(ada).getByText("Nothing is limited here.").waitFor();

  await ada.fill({ "Requests per minute": "100", "Budget in dollars": "0.00009" });
  await page.getByLabel("Period").selectOption("A day");
  // The browser's own is there already.
  expect(await page.getByLabel("Time zone").inputValue()).toBe("UTC");
  await ada.fill({ "Time zone": "Europe/Nowhere" });
  ada.watch.expect({ status: 422, path: /keys/ });
  await ada.press("Save");
  await page.getByRole("alert").getByText("time zone").waitFor();
  expect(await page.getByLabel("Time zone").getAttribute("aria-invalid")).toBe("true");
  await ada.fill({ "Time zone": "Europe/Zurich" });
  await ada.press("Save");
  await whatIsLeft(ada).getByText("$0.00 of $0.00009").waitFor();
  await whatIsLeft(ada).getByText("Europe/Zurich").waitFor();
  await whatIsLeft(ada).getByText("0 of 100").waitFor();
  expect((await headgate.admin("GET", `/keys/${key.id}`)).body.limits).toEqual({
    requests_per_minute: 100,
    budget_usd: 0.00009,
    budget_period: "day",
    budget_timezone: "Europe/Zurich",
    budget_unpriced: "deny",
  });

  const first = await call(headgate.url, key.key);
  expect([first.status, await first.text()]).toEqual([200, expect.any(String)]);
  await whatIsLeft(ada).getByText("used up").waitFor();
  await whatIsLeft(ada).getByText("$0.0000975 of $0.00009").waitFor();
  await whatIsLeft(ada).getByText("begins anew").waitFor();
  const second = await call(headgate.url, key.key);
  const refused = (await second.json()) as { error: { code: string } };
  expect([second.status, refused.error.code]).toEqual([429, "insufficient_quota"]);

  await ada.go("/keys");
  await page.getByRole("row").filter({ hasText: "nightly" }).getByText("used up").waitFor();
  await ada.go("/");
  const near = page.getByRole("region", { name: "Near their limits" });
  await near.getByText("used up").waitFor();
  await near.getByRole("link", { name: "nightly" }).click();
  await page.getByRole("heading", { level: 1, name: "nightly" }).waitFor();

  // Raised, it is open at once.
  await ada.fill({ "Budget in dollars": "1" });
  await ada.press("Save");
  await whatIsLeft(ada).getByText("of $1.00").waitFor();
  await expect.poll(async () => (await call(headgate.url, key.key)).status).toBe(200);
});

test("who has no budget left is told so in the playground and on their own account", async () => {
  const console = await withPrice();
  const { headgate } = console;
  const grace = await console.signedIn({ role: "member", name: "Grace Hopper", limits: { budget_usd: 0.00009 } });
  const { page } = grace;
  await grace.go("/playground?model=alpha");
  await page.getByLabel("Message").fill("Who is there?");
  await grace.press("Send");
  await page.getByText("Hello from the scripted provider.").waitFor();
  // What it cost comes with the ledger.
  await page.getByText("$0.0000975").waitFor();
  await page.getByLabel("Message").fill("And now?");
  grace.watch.expect({ status: 429, path: /playground/ });
  await grace.press("Send");
  await page.getByRole("alert").getByText("This user has a budget of $0.00009 a month: $0.0000975 is spent.").waitFor();
  // What was refused is in no ledger: there is nothing to see.
  expect(await page.getByRole("link", { name: "See request" }).count()).toBe(1);

  await grace.go("/account");
  await whatIsLeft(grace).getByText("used up").waitFor();
  await grace.go("/");
  await page.getByRole("region", { name: "Near their limits" }).getByRole("link", { name: "Grace Hopper" }).waitFor();

  // Nobody else's.
  const emmy = await console.signedIn("member");
  await emmy.go("/");
  expect(await emmy.page.getByText("Near their limits").count()).toBe(0);
  const { body } = await headgate.admin("GET", "/allowances?near=true");
  expect(body.data.map(({ name }: { name: string }) => name)).toEqual(["Grace Hopper"]);
});

test("groups and models have the same limits, and what is refused is said at its field", async () => {
  const console = await withPrice();
  const { headgate } = console;
  const { body: group } = await headgate.admin("POST", "/groups", { name: "physics" });
  const { body: models } = await headgate.admin("GET", "/models?search=alpha");
  const ada = await console.signedIn();
  const { page } = ada;
  await ada.go(`/groups/${group.id}?tab=settings`);
  await ada.fill({ "Tokens per minute": "0", "Requests at once": "3" });
  ada.watch.expect({ status: 422, path: /groups/ });
  await ada.press("Save");
  await page.getByRole("alert").waitFor();
  expect(await page.getByLabel("Tokens per minute").getAttribute("aria-invalid")).toBe("true");
  await ada.fill({ "Tokens per minute": "5000" });
  await ada.press("Save");
  await whatIsLeft(ada).getByText("0 of 5,000").waitFor();
  await whatIsLeft(ada).getByText("0 of 3").waitFor();

  await ada.go(`/models/${models.data[0].id}?tab=settings`);
  await ada.fill({ "Budget in dollars": "5" });
  await page.getByLabel("Period").selectOption("In all");
  await page.getByLabel("Models without a price").selectOption("Let them through, uncounted");
  await ada.press("Save");
  await page.getByText("Saved.").waitFor();
  await page.getByRole("tab", { name: "Deployments" }).click();
  await whatIsLeft(ada).getByText("Budget in all").waitFor();
  await whatIsLeft(ada).getByText("does not begin anew by itself").waitFor();

  // Emptied, there is none.
  await ada.go(`/groups/${group.id}?tab=settings`);
  await ada.fill({ "Tokens per minute": "", "Requests at once": "" });
  await ada.press("Save");
  await whatIsLeft(ada).getByText("Nothing is limited here.").waitFor();
});
