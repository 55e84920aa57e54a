// Trying models in the browser: two side by side, an answer that is stopped, a call that is explained, a snippet with a key made on the spot.
import OpenAI from "openai";
import { expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import { chooseSuggested } from "../support/console/suggestions.ts";

const { openConsole } = browserTests();
const said = "Hello from the scripted provider.";

test("two models answer the same question as it streams, and the requests are recorded", async () => {
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: ["alpha", "beta"] } });
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const ada = await signedIn();
  const { page } = ada;
  await ada.go("/playground");
  await chooseSuggested(page.getByLabel("Model", { exact: true }), "alpha");
  await ada.press("Compare");
  await chooseSuggested(page.getByLabel("Second model", { exact: true }), "beta");
  await expect.poll(() => ada.path).toBe("/playground?model=alpha&second=beta");
  await page.getByLabel("Message").fill("Who is there?");
  await page.getByLabel("Message").press("Enter");
  for (const name of ["Conversation", "Second conversation"]) {
    const column = page.getByRole("region", { name, exact: true });
    await column.getByText(said).waitFor();
    await column.getByText("Tokens out").waitFor();
    expect(await column.getByRole("definition").allTextContents()).toEqual(expect.arrayContaining(["11", "7"]));
  }
  expect(provider.calls.map(({ json }) => json?.model).sort()).toEqual(["alpha", "beta"]);
  // The ledger has them within seconds; the page of one that is not there yet asks again, and each 404 would be an error in the console.
  await headgate.eventually(async () => (await headgate.admin("GET", "/requests")).body.data.length === 2);
  await page.getByRole("region", { name: "Second conversation" }).getByRole("link", { name: "See request" }).click();
  await page.getByRole("heading", { level: 1, name: "beta" }).waitFor();
  await page.getByText("11 → 7").waitFor();
});

test("an answer is stopped at the provider too, with what had come", async () => {
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: ["alpha"] } });
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const ada = await signedIn();
  const { page } = ada;
  provider.next({ kind: "stall", afterChunks: 3 });
  await ada.go("/playground?model=alpha");
  await page.getByLabel("Message").fill("Who is there?");
  await ada.press("Send");
  await page.getByText("Hello", { exact: false }).first().waitFor();
  await ada.press("Stop");
  await page.getByText("Stopped. What had come until then goes on with the conversation.").waitFor();
  await provider.calls[0]?.finished;
  // The next one is answered as ever.
  await page.getByLabel("Message").fill("Once more?");
  await ada.press("Send");
  await page.getByText(said).waitFor();
});

test("an explanation says where a call would go and calls nobody", async () => {
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: ["alpha"] } });
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const ada = await signedIn();
  const { page } = ada;
  await ada.go("/explain");
  await page.getByLabel("Model", { exact: true }).fill("alpha");
  await ada.press("Explain");
  await page.getByRole("heading", { name: "A call of alpha goes to cluster" }).waitFor();
  await expect.poll(() => ada.path).toBe("/explain?model=alpha");
  await page.getByRole("row").filter({ hasText: "cluster" }).getByText("yes").waitFor();
  await page.getByLabel("Model", { exact: true }).fill("never-heard-of");
  await ada.press("Explain");
  await page.getByRole("heading", { name: "Nobody is called: the caller gets 404 model_not_found." }).waitFor();
  expect(provider.calls).toEqual([]);
});

test("a model's page gives snippets with the right address and a key made on the spot", async () => {
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: ["alpha"] } });
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const grace = await signedIn("member");
  const { page } = grace;
  await grace.go("/models");
  await page.getByRole("link", { name: "alpha", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "alpha" }).waitFor();
  await grace.press("Create a key for this");
  await grace.press("Create key");
  await page.getByText("Your new key stands in all of them.").waitFor();
  const snippet = await page.getByRole("tabpanel").getByRole("group").first().textContent();
  const key = /Bearer ([^"'\s]+)/.exec(snippet ?? "")?.[1] ?? "";
  expect(snippet).toContain(`${headgate.url}/v1/chat/completions`);
  const client = new OpenAI({ baseURL: `${headgate.url}/v1`, apiKey: key, maxRetries: 0 });
  const answer = await client.chat.completions.create({ model: "alpha", messages: [{ role: "user", content: "Hello?" }] });
  expect(answer.choices[0]?.message.content).toBe(said);
});
