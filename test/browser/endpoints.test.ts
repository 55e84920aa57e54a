// What becomes of an endpoint, as people see it: models that its provider drops, work that goes on while they look elsewhere, its end.
import { describe, expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import type { Headgate } from "../support/headgate.ts";

const { openConsole } = browserTests();

async function chat(headgate: Headgate, key: string, model: string): Promise<{ status: number; code: string | undefined }> {
  const answer = await fetch(`${headgate.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model, messages: [{ role: "user", content: "Hello?" }] }),
  });
  const body = (await answer.json()) as { error?: { code: string } };
  return { status: answer.status, code: body.error?.code };
}

test("a model that the provider drops is offline everywhere after a synchronization, and back after the next", async () => {
  const models = ["alpha", "beta", "gamma", "delta"];
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: [...models] } });
  const endpoint = await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const key = await headgate.createKey();
  expect((await chat(headgate, key, "delta")).status).toBe(200);
  const ada = await signedIn();
  const { page } = ada;
  const synchronize = async () => {
    await ada.go(`/endpoints/${endpoint.id}`);
    await ada.press("Synchronize");
    return page.getByRole("dialog", { name: "Synchronized" });
  };
  const row = (name: string) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

  provider.models = models.slice(0, 3);
  let dialog = await synchronize();
  await dialog.getByRole("listitem").filter({ hasText: "delta" }).waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await row("delta").getByText("offline").first().waitFor();
  await row("gamma").getByText("active").first().waitFor();
  await ada.follow("Models");
  await row("delta").getByText("offline").first().waitFor();
  await ada.follow("Overview");
  await page.getByRole("heading", { name: "One thing is not well" }).waitFor();
  await page.getByRole("listitem").filter({ hasText: "delta" }).getByText("offline").waitFor();
  await expect.poll(() => chat(headgate, key, "delta")).toEqual({ status: 503, code: "model_offline" });
  expect((await chat(headgate, key, "gamma")).status).toBe(200);
  expect((await chat(headgate, key, "never-heard-of")).status).toBe(404);

  provider.models = models;
  dialog = await synchronize();
  await dialog.getByText("returned").first().waitFor();
  await dialog.getByRole("button", { name: "Done" }).click();
  await row("delta").getByText("active").first().waitFor();
  await ada.follow("Overview");
  await page.getByText("All endpoints, models and parts of Headgate are well.").waitFor();
  await expect.poll(() => chat(headgate, key, "delta")).toMatchObject({ status: 200 });
});

describe("work that takes long", () => {
  test("a synchronization goes on while its page is left, and is found again", async () => {
    const { headgate, provider, signedIn } = await openConsole({ provider: { models: ["alpha"] } });
    const endpoint = await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    provider.on("/v1/models", async () => void (await held));
    provider.models = ["alpha", "beta"];
    const ada = await signedIn();
    await ada.go(`/endpoints/${endpoint.id}`);
    await ada.press("Synchronize");
    await ada.page.getByText("Synchronizing now").waitFor();
    await ada.follow("Keys");
    await ada.follow("Endpoints");
    await ada.page.getByRole("row").filter({ hasText: "cluster" }).getByText("synchronizing").waitFor();
    await ada.page.getByRole("link", { name: "cluster" }).click();
    await ada.page.getByText("Synchronizing now").waitFor();
    release();
    await ada.page.getByText("Synchronizing now").waitFor({ state: "detached" });
    await ada.page.getByRole("link", { name: "beta" }).waitFor();
    await ada.page.getByRole("tab", { name: "Synchronizations" }).click();
    await ada.page.getByRole("row").filter({ hasText: "by hand" }).getByText("1 added").waitFor();
  });

  test("an export is there when one comes back for it, and is the file that was asked for", async () => {
    const { headgate, provider, signedIn } = await openConsole();
    await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
    const key = await headgate.createKey({ name: "nightly" });
    for (let call = 0; call < 3; call++) expect((await chat(headgate, key, "test-model")).status).toBe(200);
    const ada = await signedIn();
    const { page } = ada;
    await ada.go("/requests");
    await page.getByRole("table", { name: "Requests" }).getByRole("row").nth(3).waitFor();
    await ada.press("Export");
    await page.getByRole("menuitem", { name: "As CSV" }).click();
    await page.getByRole("heading", { level: 1, name: "Exports" }).waitFor();
    await ada.follow("Users");
    await ada.follow("Exports");
    const row = page.getByRole("row").filter({ hasText: "requests as CSV" });
    await row.getByText("done").waitFor();
    const [download] = await Promise.all([page.waitForEvent("download"), row.getByRole("link", { name: "Download" }).click()]);
    const lines: string[] = [];
    for await (const piece of await download.createReadStream()) lines.push(String(piece));
    expect(lines.join("").trim().split("\n")).toHaveLength(4);
    await row.getByRole("button", { name: "Delete export of requests" }).click();
    await ada.press("Delete export");
    await page.getByText("No exports").waitFor();
  });
});

test("before an endpoint is deleted one is told what goes with it; callers then get a clean 404", async () => {
  const { headgate, provider, signedIn } = await openConsole({ provider: { models: ["alpha", "shared"] } });
  await headgate.addEndpoint({ name: "doomed", url: `${provider.url}/v1` });
  await headgate.addEndpoint({ name: "other", url: `${provider.url}/v1`, models: ["shared"] });
  const { body: listed } = await headgate.admin("GET", "/models?endpoint=doomed");
  const idOf = (name: string) => listed.data.find((model: { name: string }) => model.name === name).deployments[0].id as string;
  const virtual = (name: string, target: string) =>
    headgate.admin("POST", "/models", { name, targets: [{ deployment_id: idOf(target), weight: 1 }] });
  const made = await virtual("smart", "alpha");
  expect([made.status, made.body]).toMatchObject([201, {}]);
  await headgate.admin("POST", "/groups", { name: "physics", models: ["al*"] });
  await headgate.admin("POST", "/groups", { name: "library", models: ["shared"] });
  const key = await headgate.createKey();
  const ada = await signedIn();
  const { page } = ada;
  await ada.go("/endpoints");
  await page.getByRole("link", { name: "doomed" }).click();
  await ada.press("More actions");
  await page.getByRole("menuitem", { name: "Delete endpoint" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete “doomed”?" });
  await dialog.getByText("1 model can no longer be called").waitFor();
  await dialog.getByText("alpha", { exact: true }).waitFor();
  await dialog.getByText("Virtual models that are left without a target").waitFor();
  await dialog.getByText("smart", { exact: true }).waitFor();
  await dialog.getByText("Groups whose members lose what they were granted").waitFor();
  await dialog.getByText("everyone, physics", { exact: true }).waitFor();
  await dialog.getByText("1 model stays with other endpoints.").waitFor();
  await dialog.getByText("For an hour this can be undone").waitFor();
  await dialog.getByRole("button", { name: "Delete endpoint" }).click();
  await page.getByRole("heading", { level: 1, name: "Endpoints" }).waitFor();
  await page.getByRole("link", { name: "doomed" }).waitFor({ state: "detached" });
  await expect.poll(() => chat(headgate, key, "alpha")).toEqual({ status: 404, code: "model_not_found" });
  expect((await chat(headgate, key, "smart")).status).not.toBe(200);
  expect((await chat(headgate, key, "shared")).status).toBe(200);

  await page.getByText(/“doomed” was deleted (just now|\d+ sec\. ago)\. It can be restored for (60|59) minutes\./).waitFor();
  await ada.press("Restore doomed");
  await page.getByText("“doomed” is restored.").waitFor();
  await page.getByRole("link", { name: "doomed", exact: true }).waitFor();
  await page.getByRole("button", { name: "Restore doomed" }).waitFor({ state: "detached" });
  await expect.poll(() => chat(headgate, key, "alpha")).toMatchObject({ status: 200 });
  expect((await chat(headgate, key, "smart")).status).toBe(200);
  await page.getByRole("link", { name: "Open doomed" }).click();
  await page.getByRole("heading", { level: 1, name: "doomed" }).waitFor();
  await page.getByRole("link", { name: "alpha" }).waitFor();
});

test("an endpoint whose name is taken meanwhile is not restored, and one is told why; auditors are offered nothing", async () => {
  const { headgate, provider, signedIn } = await openConsole();
  const made = await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  await headgate.admin("DELETE", `/endpoints/${made.id}`);
  await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` });
  const ada = await signedIn();
  await ada.go("/endpoints");
  ada.watch.expect({ status: 409, path: "/restore" });
  await ada.press("Restore cluster");
  await ada.page.getByText("There is already an endpoint named 'cluster'.").waitFor();
  const auditor = await signedIn("auditor");
  await auditor.go("/endpoints");
  await auditor.page.getByRole("link", { name: "cluster", exact: true }).waitFor();
  expect(await auditor.page.getByText("was deleted").count()).toBe(0);
});
