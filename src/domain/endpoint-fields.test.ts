// The rules on an endpoint's fields let through what works and nothing that could break out of a URL or a header.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkAuthHeaderName,
  checkCredential,
  checkCustomHeaders,
  checkEndpointName,
  checkEndpointUrl,
  checkHeaderName,
  checkHeaderValue,
  checkModelName,
  checkQuery,
  checkSyncIntervalMs,
  checkTimeoutMs,
  checkWeight,
} from "./endpoint-fields.ts";

const controlCharacter = fc.constantFrom("\n", "\r", "\0", "\u001f", "\u007f");

/** Any text with a control character somewhere in it. */
const broken = fc.tuple(fc.string(), controlCharacter, fc.string()).map((parts) => parts.join(""));

describe("checkEndpointUrl", () => {
  test.each([
    "https://api.openai.com/v1",
    "http://localhost:11434",
    "HTTPS://api.example/v1/",
    "https://my.openai.azure.com/openai/deployments/gpt-4o",
    "http://[::1]:8000/v1beta/openai",
    "http://10.0.0.1/a@b",
  ])("takes %s", (url) => expect(checkEndpointUrl(url)).toBeNull());

  test.each([
    ["not a url", /spaces/],
    ["", /http/],
    ["ftp://x", /http:\/\/ or https/],
    ["http:example.com", /http:\/\/ or https/],
    ["javascript:alert(1)", /http/],
    ["https://", /not a URL/],
    ["https://host:99999/", /not a URL/],
    ["https://user:canary@host/v1", /user name or password/],
    ["https://canary@host/v1", /user name or password/],
    ["https://@host/v1", /user name or password/],
    ["https://host/v1?api-version=1", /`query`/],
    ["https://host/v1?", /`query`/],
    ["https://host/v1#x", /fragment/],
    ["https://host/v1#", /fragment/],
    ["https://host\\@evil/v1", /'\\'/],
    ["https://ho\nst/v1", /control/],
    [" https://host", /spaces/],
  ])("refuses %j", (url, why) => {
    expect(checkEndpointUrl(url)).toMatch(why);
    expect(checkEndpointUrl(url)).not.toContain("canary");
  });

  test("what it takes means the same host to URL() as to a reader", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        if (checkEndpointUrl(url) !== null) return;
        const parsed = new URL(url);
        expect([parsed.username, parsed.password, parsed.search, parsed.hash]).toEqual(["", "", "", ""]);
      }),
    );
  });
});

describe("names", () => {
  test("an endpoint's name is safe in a URL", () => {
    for (const name of ["a", "openai-production", "A.b_c-9", "x".repeat(64)]) expect(checkEndpointName(name)).toBeNull();
    for (const name of ["", ".", "..", "a/b", "a b", "ä", "x".repeat(65), "a\n"]) expect(checkEndpointName(name)).not.toBeNull();
  });

  test("a model's name may be anything printable", () => {
    for (const name of ["gpt-4o", "meta-llama/Llama-3:free", "модель", "a b"]) expect(checkModelName(name)).toBeNull();
    for (const name of ["", "a\nb", "a\u007f", "x".repeat(257)]) expect(checkModelName(name)).not.toBeNull();
  });
});

describe("headers", () => {
  test("names are tokens by RFC 9110", () => {
    for (const name of ["Authorization", "x-team", "!#$%&'*+-.^_`|~"]) expect(checkHeaderName(name)).toBeNull();
    for (const name of ["", "Bad Header", "a:b", "ä", "a\r\nb", "x".repeat(129)]) expect(checkHeaderName(name)).not.toBeNull();
  });

  test("the credential's header may not be one of the connection or a cookie", () => {
    for (const name of ["Authorization", "x-api-key", "X-Custom"]) expect(checkAuthHeaderName(name)).toBeNull();
    for (const name of ["Host", "content-length", "Cookie", "Connection", "Bad Header"]) {
      expect(checkAuthHeaderName(name)).not.toBeNull();
    }
  });

  test("values hold no control characters; spaces around them are kept", () => {
    for (const value of ["", "Bearer ", "Token ", "a\tb", "é"]) expect(checkHeaderValue(value)).toBeNull();
    expect(checkHeaderValue("日本")).not.toBeNull();
    fc.assert(fc.property(broken, (value) => checkHeaderValue(value) !== null));
  });

  test("what is accepted as a value, node:http accepts too", async () => {
    const { validateHeaderValue, validateHeaderName } = await import("node:http");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (value) => {
        if (checkHeaderValue(value) === null) validateHeaderValue("x-a", value);
        if (checkHeaderName(value) === null) validateHeaderName(value);
      }),
    );
  });

  test("custom headers: framing, cookies, credentials and repeats are refused by name, without the value", () => {
    expect(checkCustomHeaders({ "x-team": "research", "OpenAI-Organization": "org" })).toBeNull();
    for (const name of [
      "Host",
      "content-length",
      "Content-Type",
      "accept-encoding",
      "Connection",
      "TE",
      "Cookie",
      "transfer-encoding",
    ]) {
      expect(checkCustomHeaders({ [name]: "canary" })).toContain(`'${name.toLowerCase()}'`);
    }
    for (const name of ["Authorization", "X-Api-Key", "api-key", "x-goog-api-key"]) {
      expect(checkCustomHeaders({ [name]: "canary" })).toMatch(/use `api_key` and `auth_header_name`/);
    }
    expect(checkCustomHeaders({ "x-token": "canary" }, "X-Token")).toMatch(/'x-token' carries the credential/);
    expect(checkCustomHeaders({ "x-a": "1", "X-A": "2" })).toMatch(/twice/);
    expect(checkCustomHeaders({ "x-a": "canary\r\nx-b: c" })).toMatch(/^header 'x-a' must not contain newlines/);
    expect(checkCustomHeaders({ "bad header": "canary" })).not.toContain("canary");
  });
});

describe("the rest", () => {
  test("a credential is one line of ASCII, and no message repeats it", () => {
    for (const key of ["sk-abc", "Basic dXNlcjpw", "!~"]) expect(checkCredential(key)).toBeNull();
    for (const key of ["", "canary\n", "canary\r\nx: y", " canary", "canary ", "canáry", "\tcanary"]) {
      expect(checkCredential(key)).not.toBeNull();
      expect(checkCredential(key)).not.toContain("can");
    }
    fc.assert(fc.property(broken, (key) => checkCredential(key) !== null));
  });

  test("query parameters have names and no control characters", () => {
    expect(checkQuery({ "api-version": "2024-10-21", empty: "" })).toBeNull();
    expect(checkQuery({ "": "x" })).not.toBeNull();
    expect(checkQuery({ a: "x\n" })).toMatch(/'a'/);
    expect(checkQuery({ "a\n": "x" })).not.toBeNull();
  });

  test("times stay within what a timer can hold", () => {
    const longest = 24 * 86_400_000;
    expect([checkTimeoutMs(1), checkTimeoutMs(longest), checkSyncIntervalMs(0), checkSyncIntervalMs(1000)]).toEqual(
      Array(4).fill(null),
    );
    for (const ms of [0, -1, Number.NaN, longest + 1]) expect(checkTimeoutMs(ms)).not.toBeNull();
    for (const ms of [1, 999, -1, Number.NaN, longest + 1]) expect(checkSyncIntervalMs(ms)).not.toBeNull();
  });

  test("a weight is a whole number from 1 to 1000", () => {
    expect([checkWeight(1), checkWeight(1000)]).toEqual([null, null]);
    for (const weight of [0, 1.5, -1, 1001, Number.NaN]) expect(checkWeight(weight)).not.toBeNull();
  });
});
