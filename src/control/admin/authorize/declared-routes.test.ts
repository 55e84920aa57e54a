// A route without a declared policy keeps the server from starting.
import { expect, it } from "vitest";
import { allowedMethods, requirePolicies } from "./declared-routes.ts";

it("a route without a declared policy keeps the server from starting, and is named", () => {
  const routes = [
    { method: "GET", url: "/a", config: { policy: "keys.read" as const } },
    { method: "POST", url: "/b", config: {} },
  ];
  expect(() => requirePolicies(routes)).toThrow("POST /b");
  expect(() => requirePolicies(routes.slice(0, 1))).not.toThrow();
});

it("the methods of a path are those of every route that has it", () => {
  const routes = [
    { method: "GET", url: "/keys/:id" },
    { method: "PATCH", url: "/keys/:id" },
    { method: "POST", url: "/keys/:id/rotate" },
    { method: "GET", url: "/openapi.json" },
  ];
  expect(allowedMethods(routes, "/keys/key_1?x=1")).toEqual(["GET", "PATCH"]);
  expect(allowedMethods(routes, "/keys/key_1/")).toEqual(["GET", "PATCH"]);
  expect(allowedMethods(routes, "/keys")).toEqual([]);
  expect(allowedMethods(routes, "/openapixjson")).toEqual([]);
});
