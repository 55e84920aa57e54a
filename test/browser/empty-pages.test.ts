// Every page of an installation in which there is nothing yet, and the pages in front of the sign-in: as pages.test.ts has it for those with data.
import { beforeAll, describe, test } from "vitest";
import { browserTests, type Console } from "../support/console/browser-tests.ts";
import { asItComes, lookOver } from "../support/console/look-over.ts";
import { routerPaths } from "../support/console/router-paths.ts";
import type { Visitor } from "../support/console/visitor.ts";

const { openConsole } = browserTests({ keeps: "all" });
let console: Console;

beforeAll(async () => {
  console = await openConsole();
});

describe("somebody signed in", () => {
  let ada: Visitor;
  beforeAll(async () => {
    ada = await console.signedIn();
  });

  test.each(routerPaths)("%s", async (pattern) => {
    if (pattern.endsWith("$id")) ada.watch.expect({ status: 404, path: /none$/, times: "any" });
    await asItComes(ada);
    await ada.go(pattern.replace("$id", "none"));
    await lookOver(ada);
    // Else it might ask once more for what is not there, when that is no longer expected.
    await ada.page.goto("about:blank");
  });
});

test.each(["/sign-in", "/setup", "/setup#secret", "/password", "/password#secret"])(
  "in front of the sign-in: %s",
  async (path) => {
    const visitor = await console.visitor();
    await visitor.go(path);
    await lookOver(visitor);
    await visitor.leave();
  },
);
