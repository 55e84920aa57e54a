// Getting in and out with a browser: set-up, passwords, an identity provider, sessions that are ended elsewhere.
import { describe, expect, test } from "vitest";
import { browserTests } from "../support/console/browser-tests.ts";
import { loginClient, startOidcLogin } from "../support/oidc-login.ts";

const { openConsole } = browserTests();
const password = "a pass phrase of the tests";
const ada = { name: "Ada Lovelace", email: "ada@uni.test", role: "administrator" };

describe("links that are good once", () => {
  test("set-up makes the first administrator, and keeps its secret out of the address bar", async () => {
    const { headgate, visitor } = await openConsole();
    const first = await visitor();
    await first.page.goto(headgate.setupLink ?? "");
    await first.page.getByRole("heading", { name: "Set up Headgate" }).waitFor();
    await expect.poll(() => first.path).toBe("/setup");
    first.watch.expect({ status: 422, path: "/setup" });
    await first.fill({ Name: ada.name, "E-mail address": ada.email, Password: "short" });
    await first.press("Create the administrator");
    await first.page.getByRole("alert").filter({ hasText: "12 characters" }).waitFor();
    await first.fill({ Password: password });
    await first.press("Create the administrator");
    await first.page.getByRole("heading", { name: "Overview" }).waitFor();

    const second = await visitor();
    await second.page.goto(headgate.setupLink ?? "");
    await second.fill({ Name: "Eve", "E-mail address": "eve@uni.test", Password: password });
    second.watch.expect({ status: 410, path: "/setup" });
    await second.press("Create the administrator");
    await second.page.getByRole("alert").filter({ hasText: "not valid" }).waitFor();
  });

  test("a password link sets a password, with which one gets to the page that was wanted", async () => {
    const { headgate, visitor } = await openConsole();
    const { body: user } = await headgate.admin("POST", "/users", ada);
    const { link } = (await headgate.admin("POST", `/users/${user.id}/password-link`)).body;
    const person = await visitor();
    await person.page.goto(link);
    await person.fill({ "New password": password });
    await person.press("Set the password");
    await person.page.getByRole("heading", { name: "Your password is set" }).waitFor();

    person.watch.expect({ status: 401, path: "/whoami" });
    await person.go("/keys?search=nightly");
    await person.page.getByRole("heading", { name: "Sign in" }).waitFor();
    person.watch.expect({ status: 401, path: "/sessions" });
    await person.signIn(ada.email, "not this pass phrase");
    await person.page.getByRole("alert").waitFor();
    await person.signIn(ada.email, password);
    await person.page.getByRole("heading", { name: "Keys" }).waitFor();
    expect(person.path).toBe("/keys?search=nightly");
  });
});

test("an OpenID provider signs somebody in, who comes back to the page that was wanted", async () => {
  await using login = await startOidcLogin();
  const oidc = [{ issuer: login.url, audience: "headgate", client_id: loginClient.id, client_secret: loginClient.secret }];
  const { headgate, visitor } = await openConsole({ config: { identity: { oidc } } });
  await login.register({ redirectUris: [`${headgate.url}/admin/api/v1/sign-in/oidc/0/callback`] });
  login.claims.set("ada", { name: "Ada Lovelace", email: "ada@uni.test", email_verified: true, groups: ["physics"] });
  const person = await visitor();
  person.watch.expect({ status: 401, path: "/whoami" });
  await person.go("/keys?search=mine");
  await person.page.getByRole("link", { name: /^Sign in with/ }).click();
  await person.page.getByRole("heading", { name: "Keys" }).waitFor();
  expect(person.path).toBe("/keys?search=mine");
  await person.page.getByRole("button", { name: "Ada Lovelace" }).waitFor();

  // And out again: the way back is not open any more.
  await person.page.getByRole("button", { name: /^Ada Lovelace/ }).click();
  await person.page.getByRole("menuitem", { name: "Sign out" }).click();
  await person.page.getByRole("heading", { name: "Sign in" }).waitFor();
  person.watch.expect({ status: 401, path: "/whoami", times: "any" });
  await person.go("/keys");
  await person.page.getByRole("heading", { name: "Sign in" }).waitFor();

  login.account = null;
  const other = await visitor();
  await other.go("/sign-in");
  await other.page.getByRole("link", { name: /^Sign in with/ }).click();
  await other.page.getByRole("alert").filter({ hasText: "you have cancelled" }).waitFor();
});

test("a session that is ended elsewhere leads to the sign-in page, and from there back to where one was", async () => {
  const { headgate, visitor } = await openConsole();
  const { body: user } = await headgate.admin("POST", "/users", ada);
  const { link } = (await headgate.admin("POST", `/users/${user.id}/password-link`)).body;
  const secret = new URL(link).hash.slice(1);
  await fetch(`${headgate.url}/admin/api/v1/password`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ secret, password }),
  });
  const [desk, phone] = [await visitor(), await visitor({ viewport: { width: 375, height: 800 } })];
  for (const place of [desk, phone]) {
    place.watch.expect({ status: 401, path: "/whoami" });
    await place.go(place === desk ? "/groups?search=every" : "/account");
    await place.signIn(ada.email, password);
  }
  await desk.page.getByRole("link", { name: "everyone" }).waitFor();

  // A page whose stream of events has ended asks for another one soon, and would find out by itself: here a click is to.
  await desk.page.route("**/admin/api/v1/events", () => {});
  desk.watch.expect({ status: 401, path: /./, times: "any" });
  const others = phone.page.getByRole("button", { name: /^End session of/ });
  await others.click();
  await phone.press("End session");
  await others.waitFor({ state: "detached" });

  await desk.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Users" }).click();
  await desk.page.getByRole("heading", { name: "Sign in" }).waitFor();
  await desk.signIn(ada.email, password);
  await desk.page.getByRole("heading", { name: "Users" }).waitFor();
});
