// Each role sees the pages that the policy table gives it, and nothing on them that it may not do. What the API lets it do is tested beside the API.
import { beforeAll, describe, expect, test } from "vitest";
import { type Action, reachOf, roles } from "../../src/domain/policy.ts";
import { browserTests, type Console } from "../support/console/browser-tests.ts";
import type { Visitor } from "../support/console/visitor.ts";

interface ShownPage {
  label: string;
  path: string;
  needs: Action;
  /** What changes something there, and what one must be allowed to do for it. */
  changes?: Readonly<Record<string, Action>>;
}

const pages: readonly ShownPage[] = [
  { label: "Overview", path: "/", needs: "usage.read" },
  { label: "Usage", path: "/usage", needs: "usage.read" },
  { label: "Requests", path: "/requests", needs: "requests.read" },
  { label: "Exports", path: "/exports", needs: "usage.read" },
  { label: "Models", path: "/models", needs: "models.read", changes: { "Create virtual model": "models.write" } },
  { label: "Prices", path: "/prices", needs: "prices.read", changes: { "Add price": "prices.write" } },
  { label: "Playground", path: "/playground", needs: "playground" },
  { label: "Endpoints", path: "/endpoints", needs: "endpoints.read", changes: { "Add endpoint": "endpoints.write" } },
  { label: "Manifests", path: "/manifests", needs: "manifests.read", changes: { "Add manifest": "manifests.write" } },
  { label: "Explain", path: "/explain", needs: "explain" },
  { label: "Keys", path: "/keys", needs: "keys.read", changes: { "Create key": "keys.write" } },
  { label: "Users", path: "/users", needs: "users.read", changes: { "Add user": "users.write" } },
  { label: "Groups", path: "/groups", needs: "groups.read", changes: { "Create group": "groups.write" } },
  { label: "Audit", path: "/audit", needs: "audit.read" },
  { label: "System", path: "/system", needs: "system.read" },
];

/** Pages of one resource, as far as they are for all who may read everything of the kind. */
const details: readonly ShownPage[] = [
  {
    label: "cluster",
    path: "/endpoints/$endpoint",
    needs: "endpoints.read",
    changes: { Synchronize: "endpoints.write", "More actions": "endpoints.write", "Add model": "endpoints.write" },
  },
  { label: "nightly", path: "/keys/$key", needs: "keys.read", changes: { "Rotate key": "keys.write", Save: "keys.write" } },
  {
    label: "Grace Hopper",
    path: "/users/$user",
    needs: "users.read",
    changes: { "Delete user": "users.write", "Make password link": "users.write", Save: "users.write" },
  },
  {
    label: "physics",
    path: "/groups/$group",
    needs: "groups.read",
    changes: { "Delete group": "groups.write", "Add member": "members.write" },
  },
];

const { openConsole } = browserTests({ keeps: "all" });
let console: Console;
const ids: Record<string, string> = {};

beforeAll(async () => {
  console = await openConsole();
  const { headgate, provider } = console;
  ids.$endpoint = (await headgate.addEndpoint({ name: "cluster", url: `${provider.url}/v1` })).id;
  ids.$user = (await headgate.admin("POST", "/users", { name: "Grace Hopper", email: "grace@uni.test", role: "member" })).body.id;
  ids.$group = (await headgate.admin("POST", "/groups", { name: "physics", models: ["test-model"] })).body.id;
  ids.$key = (await headgate.admin("POST", "/keys", { name: "nightly" })).body.id;
});

describe.each(roles)("the %s", (role) => {
  let visitor: Visitor;
  beforeAll(async () => {
    visitor = await console.signedIn(role);
  });

  test("has exactly the pages of the policy in the navigation", async () => {
    await visitor.go("/account");
    const shown = await visitor.page.getByRole("navigation", { name: "Pages" }).first().getByRole("link").allTextContents();
    expect(shown.sort()).toEqual(
      pages
        .filter(({ needs }) => reachOf(role, needs) !== null)
        .map(({ label }) => label)
        .sort(),
    );
  });

  test.each(pages)("$label is shown or refused, with no more on it than may be done", async (shown) => {
    await checkPage(visitor, role, shown, reachOf(role, shown.needs) !== null);
  });

  // What belongs to others is as if it were not there: for those who see their own alone, these pages are none.
  test.each(details.filter(({ needs }) => ["all", null].includes(reachOf(role, needs))))(
    "a page of $path is shown or refused, with no more on it than may be done",
    async (shown) => {
      const path = shown.path.replace(/\$\w+/, (name) => ids[name] ?? "");
      await checkPage(visitor, role, { ...shown, path }, reachOf(role, shown.needs) !== null);
    },
  );
});

async function checkPage(visitor: Visitor, role: (typeof roles)[number], shown: ShownPage, isFor: boolean): Promise<void> {
  const { page } = visitor;
  await visitor.go(shown.path);
  if (!isFor) {
    await page.getByRole("heading", { level: 1, name: "Not for your role" }).waitFor();
    return;
  }
  await page.getByRole("heading", { level: 1, name: shown.label, exact: true }).waitFor();
  for (const [name, action] of Object.entries(shown.changes ?? {})) {
    const found = await page
      .getByRole("button", { name, exact: true })
      .or(page.getByRole("link", { name, exact: true }))
      .count();
    expect([name, found > 0]).toEqual([name, reachOf(role, action) !== null]);
  }
}
