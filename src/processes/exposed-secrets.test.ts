// A configuration crosses to another process whole, its secrets included.
import { deserialize, serialize } from "node:v8";
import { expect, test } from "vitest";
import { loadConfig } from "../config/load.ts";
import { Secret } from "../core/secret.ts";
import { exposeSecrets, hideSecrets } from "./exposed-secrets.ts";

test("objects, arrays, Maps and Secrets come out as they went in", () => {
  const value = {
    text: "a",
    none: null,
    list: [1, { inner: new Secret("in a list") }],
    map: new Map([["name", new Secret("in a map")]]),
    secret: new Secret("the secret"),
  };
  const crossed = hideSecrets(deserialize(serialize(exposeSecrets(value)))) as typeof value;
  expect(crossed.secret).toBeInstanceOf(Secret);
  expect(crossed.secret.expose()).toBe("the secret");
  expect((crossed.list[1] as { inner: Secret }).inner.expose()).toBe("in a list");
  expect(crossed.map.get("name")?.expose()).toBe("in a map");
  expect({ ...crossed, secret: null, list: null, map: null }).toEqual({ ...value, secret: null, list: null, map: null });
});

test("a loaded configuration is the same afterwards", () => {
  const token = "administrator-token-of-32-characters";
  const { config } = loadConfig({ env: { HEADGATE_ADMIN_TOKEN: token }, searchFiles: false });
  const crossed = hideSecrets(deserialize(serialize(exposeSecrets(config)))) as typeof config;
  expect(crossed.adminToken?.expose()).toBe(token);
  expect(exposeSecrets(crossed)).toEqual(exposeSecrets(config));
});
