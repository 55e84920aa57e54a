// Spend in the browser: on the overview, in reports, in the list of requests; what it leaves out; and each sees their own.
import { expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import { awayFromMidnight } from "../support/day-end.ts";

const { openConsole } = browserTests();

test("spend is on the overview, in usage and in requests, with what has no price and what is estimated", async () => {
  await awayFromMidnight();
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: ["alpha", "beta"] } });
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  await headgate.admin("PUT", "/prices/alpha", { input_usd_per_million: 2500, output_usd_per_million: 10_000 });
  const key = await headgate.createKey();
  const call = async (model: string) => {
    const response = await fetch(`${headgate.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "Who is there?" }] }),
    });
    expect(response.status).toBe(200);
    await response.text();
  };
  for (const model of ["alpha", "alpha", "beta"]) await call(model);
  provider.settings.reportsUsage = false;
  await call("alpha");
  await headgate.eventually(async () => {
    const { body } = await headgate.admin("GET", "/usage");
    return body.data[0]?.requests === 4 && body.data[0]?.estimated_requests === 1;
  });
  const total = (await headgate.admin("GET", "/usage")).body.data[0].cost_usd as number;
  // 11 × $0.0025 and 7 × $0.01, twice; the third is estimated.
  expect(total).toBeGreaterThan(0.195);

  const ada = await signedIn();
  const { page } = ada;
  await ada.go("/");
  await page.getByText(`$${total.toFixed(2)} since midnight`).waitFor();
  await page.getByRole("figure", { name: /^Spend per/ }).waitFor();
  await page.getByText("1 request (25 %) used a model without a price").waitFor();
  await page.getByText("1 request (25 %) are estimated").waitFor();

  await ada.go("/usage?metric=cost");
  await page.getByRole("figure", { name: "Cost per day" }).waitFor();
  const beta = page.getByRole("row").filter({ has: page.getByRole("button", { name: "beta" }) });
  await beta.getByText("100 % without a price").waitFor();
  const alpha = page.getByRole("row").filter({ has: page.getByRole("button", { name: "alpha" }) });
  await alpha.getByText(`$${total.toFixed(2)}`).waitFor();
  await alpha.getByText("33 % estimated").waitFor();

  await ada.go("/requests?model=beta");
  const cells = page.getByRole("row").filter({ hasText: "beta" }).getByRole("cell");
  expect((await cells.allTextContents()).at(-1)).toBe("–");
  await ada.go("/requests?model=alpha");
  await page.getByText("$0.0975").first().waitFor();
  await page.getByText("≈").first().waitFor();

  // A member sees what they have spent themselves: nothing.
  const grace = await signedIn("member");
  await grace.go("/");
  await grace.page.getByText("No requests in this time").waitFor();
  expect(await grace.page.getByText("since midnight").count()).toBe(0);
});
