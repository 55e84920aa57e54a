// The pages of the dashboard as pictures: each light and dark, some as on a phone.
import { join } from "node:path";
import { say } from "../lib/project.mjs";

const wide = { width: 1280, height: 800 };
const phone = { width: 375, height: 800 };

/** Path and what is done there before the picture is taken. */
const scenes = (made) => [
  { name: "overview", path: "/" },
  { name: "overview-phone", path: "/", size: phone },
  { name: "usage", path: "/usage?by=group" },
  { name: "requests", path: "/requests" },
  { name: "requests-phone", path: "/requests", size: phone },
  { name: "request", path: `/requests/${made.fallenBack}` },
  { name: "exports", path: "/exports" },
  { name: "models", path: "/models" },
  { name: "model", path: `/models/${made.virtual.id}` },
  { name: "model-use", path: `/models/${made.virtual.id}?tab=use` },
  { name: "prices", path: "/prices" },
  { name: "price-set", path: "/prices", act: changePrice },
  { name: "playground", path: "/playground?model=llama-3.3-70b-instruct&second=gpt-5.1-mini", act: askBoth },
  { name: "endpoints", path: "/endpoints" },
  { name: "endpoint", path: `/endpoints/${made.endpoints.cluster.id}` },
  { name: "endpoint-add", path: "/endpoints/new", act: (page) => tryConnection(page, made) },
  { name: "endpoint-delete", path: `/endpoints/${made.endpoints.cluster.id}`, act: askToDelete },
  { name: "manifests", path: "/manifests" },
  { name: "manifest", path: `/manifests/${made.manifest.id}` },
  { name: "explain", path: "/explain?model=best-available" },
  { name: "keys", path: "/keys" },
  { name: "key", path: `/keys/${made.keys.notebooks.id}` },
  { name: "key-limits", path: `/keys/${made.keys["catalogue search"].id}` },
  { name: "users", path: "/users" },
  { name: "user", path: `/users/${made.users["Lise Meitner"].id}` },
  { name: "groups", path: "/groups" },
  { name: "group", path: `/groups/${made.groups.Physics.id}` },
  { name: "audit", path: "/audit" },
  { name: "system", path: "/system" },
  { name: "account", path: "/account" },
];

/** Resolves to how many there are. */
export async function takePictures({ browser, headgate, made, folder }) {
  const context = await browser.newContext({ viewport: wide, reducedMotion: "reduce", locale: "en-GB", deviceScaleFactor: 1 });
  const page = await context.newPage();
  let count = 0;
  const take = async (name, size = wide) => {
    for (const theme of ["light", "dark"]) {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: theme });
      await settled(page);
      await page.screenshot({ path: join(folder, `${name}-${theme}.png`) });
      count += 1;
    }
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize(wide);
  };
  await page.goto(`${headgate.url}/dashboard/sign-in`);
  await take("sign-in");
  await page.getByLabel("E-mail address").fill(made.ada.email);
  await page.getByLabel("Password").fill(made.ada.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  for (const { name, path, act, size } of scenes(made)) {
    say(`picture of ${name}`);
    await page.goto(`${headgate.url}/dashboard${path}`);
    await settled(page);
    await act?.(page);
    await take(name, size);
  }
  await context.close();
  return count;
}

/** Nothing is loading, and what a new theme or size changes has been drawn. */
async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.locator('[aria-label="Loading"], [aria-busy="true"]').first().waitFor({ state: "detached" });
  await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))");
}

async function askBoth(page) {
  await page.getByLabel("Message").fill("What does a gateway do?");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText("tokens/s").nth(1).waitFor();
}

async function tryConnection(page, made) {
  await page.getByRole("radio", { name: "Other OpenAI-compatible" }).check();
  await page.getByLabel("Name", { exact: true }).fill("library");
  await page.getByLabel("URL", { exact: true }).fill(made.endpoints.cluster.url);
  await page.getByLabel("API key").fill("wrong");
  await page.getByRole("button", { name: "Check connection" }).click();
  await page.getByRole("alert").waitFor();
}

async function changePrice(page) {
  await page.getByRole("button", { name: "Change price of gpt-5.1", exact: true }).click();
  await page.getByRole("dialog").waitFor();
}

async function askToDelete(page) {
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete endpoint" }).click();
  await page.getByRole("dialog").getByText("can no longer be called").waitFor();
}
