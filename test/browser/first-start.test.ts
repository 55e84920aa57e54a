// From the first start to the first call: the set-up link that is printed, an endpoint, a key, the official SDK, and what the pages then show.
import OpenAI from "openai";
import { describe, expect, onTestFinished, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import type { Visitor } from "../support/console/visitor.ts";
import { createPostgresDatabase } from "../support/database.ts";
import { createHome, startHeadgateProcess } from "../support/headgate-process.ts";
import { startProvider } from "../support/provider.ts";

const { visitor } = browserTests();

describe.each(["sqlite", "postgres"] as const)("on %s", (engine) => {
  test("an administrator gets from the printed link to a recorded call", async () => {
    const provider = await startProvider({ models: ["small-model", "large-model", "embedder"], requireKey: "sk-right" });
    onTestFinished(() => provider.close());
    const home = await createHome();
    onTestFinished(() => home.remove());
    const database = engine === "postgres" ? await createPostgresDatabase() : null;
    onTestFinished(() => database?.drop());
    const headgate = await startHeadgateProcess({ home, config: database === null ? {} : { database: { url: database.url } } });
    onTestFinished(async () => void (await headgate.kill("SIGTERM")));
    const link = /http\S+\/dashboard\/setup#\S+/.exec(headgate.stdout)?.[0] ?? "";

    const ada = await visitor({ url: headgate.url });
    await ada.page.goto(link);
    await ada.fill({ Name: "Ada Lovelace", "E-mail address": "ada@uni.test", Password: "a pass phrase of the tests" });
    await ada.press("Create the administrator");
    await ada.page.getByRole("heading", { name: "Overview" }).waitFor();
    await ada.page.getByText("No requests in this time").waitFor();

    await ada.page.getByRole("link", { name: "Add an endpoint" }).click();
    await addEndpoint(ada, `${provider.url}/v1`);
    await synchronize(ada, provider.models);
    const key = await makeKey(ada);

    // The page of requests is open while the call comes.
    await ada.follow("Requests");
    await ada.page.getByText("No requests yet").waitFor();
    const client = new OpenAI({ baseURL: `${headgate.url}/v1`, apiKey: key, maxRetries: 0 });
    const listed = (await client.models.list()).data.map(({ id }) => id);
    expect(listed.sort()).toEqual(["bigger", "new-model", "small-model"]);
    const answer = await client.chat.completions.create({ model: "bigger", messages: [{ role: "user", content: "Hello?" }] });
    expect(answer.choices[0]?.message.content).toBe("Hello from the scripted provider.");
    expect(provider.take().json).toMatchObject({ model: "large-model" });
    await readStory(ada);
  });
});

/** One wrong key on the way, and one of three models left out. */
async function addEndpoint(ada: Visitor, url: string): Promise<void> {
  const { page } = ada;
  await page.getByRole("heading", { name: "Add an endpoint" }).waitFor();
  await page.getByRole("radio", { name: "Other OpenAI-compatible" }).check();
  await ada.fill({ Name: "cluster", URL: url, "API key": "sk-wrong" });
  await ada.press("Check connection");
  await page.getByRole("alert").filter({ hasText: "refuses the API key" }).waitFor();
  const stages = page.getByRole("list", { name: "Stages of the check" });
  await stages
    .getByText("Sign-in failed")
    .or(stages.getByRole("listitem").filter({ hasText: /Sign-in\s*failed/ }))
    .first()
    .waitFor();

  await ada.press("Back");
  await ada.fill({ "API key": "sk-right" });
  await ada.press("Check connection");
  await page.getByText("3 models").first().waitFor();
  await ada.press("Choose models");
  await page.getByRole("radio", { name: "All models" }).waitFor();
  await page.getByRole("radio", { name: "Only chosen models" }).check();
  await page.getByRole("checkbox", { name: "small-model" }).check();
  await page.getByRole("checkbox", { name: "large-model" }).check();
  await page.getByLabel("Name of large-model for callers").fill("small-model");
  await page.getByRole("button", { name: "Create endpoint" }).and(page.locator(":disabled")).waitFor();
  await page.getByLabel("Name of large-model for callers").fill("bigger");
  await ada.press("Create endpoint");
  await page.getByText("It serves 2 models.").waitFor();
  await page.getByRole("link", { name: "Open endpoint" }).click();
  await page.getByRole("heading", { level: 1, name: "cluster" }).waitFor();
}

/** The provider has a new model, which is chosen and then synchronized. */
async function synchronize(ada: Visitor, models: string[]): Promise<void> {
  models.push("new-model");
  const { page } = ada;
  await ada.press("Synchronize");
  const dialog = page.getByRole("dialog", { name: "Synchronized" });
  await dialog.getByText("skipped").first().waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await ada.press("Choose models");
  await page.getByRole("checkbox", { name: "new-model" }).check();
  await ada.press("Save models");
  await page.getByRole("table").getByRole("link", { name: "new-model" }).waitFor();
}

async function makeKey(ada: Visitor): Promise<string> {
  await ada.follow("Keys");
  await ada.press("Create key");
  const dialog = ada.page.getByRole("dialog", { name: "Create a key" });
  await ada.fill({ Name: "first program" }, dialog);
  await dialog.getByRole("button", { name: "Create key" }).click();
  await ada.page.getByRole("dialog", { name: "Key “first program” created" }).waitFor();
  const key = await ada.shownOnce();
  await ada.press("Done");
  await ada.page.getByRole("link", { name: "first program" }).waitFor();
  return key;
}

async function readStory(ada: Visitor): Promise<void> {
  const { page } = ada;
  const row = page.getByRole("table", { name: "Requests" }).getByRole("row").filter({ hasText: "bigger" });
  await row.getByText("11 → 7").waitFor();
  await row.getByText("first program").waitFor();
  // Whole: a call may have taken 200 ms.
  await row.getByText("200", { exact: true }).waitFor();
  await row.getByRole("link").first().click();
  await page.getByRole("heading", { level: 1, name: "bigger" }).waitFor();
  const attempt = page.getByRole("table", { name: "Attempts" }).getByRole("row").filter({ hasText: "cluster" });
  await attempt.getByText("large-model").waitFor();
  await attempt.getByText("11 → 7").waitFor();
  await page.getByRole("figure", { name: "Times of the attempts" }).getByText(/took/).waitFor();
  await ada.follow("Overview");
  await page.getByText("Requests per hour").first().waitFor();
}
