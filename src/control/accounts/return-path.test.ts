// A sign-in leads back to the dashboard, and nowhere else.
import fc from "fast-check";
import { expect, test } from "vitest";
import { returnPath } from "./return-path.ts";

test.each([
  ["/dashboard", "/dashboard"],
  ["/dashboard/", "/dashboard/"],
  ["/dashboard/keys?q=a&page=2", "/dashboard/keys?q=a&page=2"],
  ["/dashboard?x=https://evil.test", "/dashboard?x=https://evil.test"],
  ["/dashboard/a%20b", "/dashboard/a%20b"],
])("%s is a page of ours", (asked, path) => expect(returnPath(asked)).toBe(path));

test.each([
  undefined,
  "",
  "/",
  "https://evil.test/dashboard/",
  "//evil.test/dashboard/",
  "/\\evil.test/dashboard/",
  "\\/evil.test",
  "/\t/evil.test",
  " //evil.test",
  "/dashboard//evil.test",
  "/dashboard/../../evil",
  "/dashboard/..//evil.test",
  "/dashboard/%2e%2e//evil.test",
  "/dashboard/..\\evil.test",
  "/dashboard/\n//evil.test",
  "/dashboard.evil.test/",
  "/dashboard@evil.test",
  "/dashboardx",
  "javascript:alert(1)",
  "data:text/html,x",
  "/admin/api/v1/sessions",
  `/dashboard/${"x".repeat(2000)}`,
])("%j leads to the start of the dashboard", (asked) => expect(returnPath(asked)).toBe("/dashboard/"));

test("whatever is asked for, a browser stays at the dashboard of this origin", () => {
  const piece = fc.constantFrom(
    "/",
    "\\",
    "..",
    "//",
    "dashboard",
    "evil.test",
    "@",
    ":",
    "?",
    "#",
    "%2f",
    "%5c",
    "\t",
    "\r\n",
    "https:",
    ".",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      for (const asked of [pieces.join(""), `/dashboard/${pieces.join("")}`]) {
        const url = new URL(returnPath(asked), "https://ours.test/admin/api/v1/sign-in/oidc/0/callback");
        expect(url.origin).toBe("https://ours.test");
        expect(url.pathname).toMatch(/^\/dashboard(\/|$)/);
      }
    }),
    { numRuns: 2000 },
  );
});
